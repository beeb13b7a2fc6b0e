//! Samples until a window is full.

/// The samples of the current window, interleaved, oldest first.
pub(crate) struct Samples<'m> {
    window: &'m mut [i16],
    used: usize,
    /// Samples that the next window does not share with this one; at most a window.
    hop: usize,
}

impl<'m> Samples<'m> {
    pub(crate) fn new(window: &'m mut [i16], hop: usize) -> Self {
        Self {
            window,
            used: 0,
            hop,
        }
    }

    /// Forgets all samples.
    pub(crate) fn reset(&mut self) {
        self.used = 0;
    }

    /// Takes samples from the front of `samples` until the window is full, which is then returned.
    pub(crate) fn fill(&mut self, samples: &mut &[i16]) -> Option<&[i16]> {
        if self.used == self.window.len() {
            self.window.copy_within(self.hop.., 0);
            self.used -= self.hop;
        }
        let free = &mut self.window[self.used..];
        let count = free.len().min(samples.len());
        let (taken, rest) = samples.split_at(count);
        free[..count].copy_from_slice(taken);
        *samples = rest;
        self.used += count;
        (self.used == self.window.len()).then_some(&*self.window)
    }
}
