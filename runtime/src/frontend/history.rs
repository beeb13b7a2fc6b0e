//! The latest frames, and when they are an input.

use crate::blob::FrameOrder;

/// The latest frames, quantized, in a ring.
pub(crate) struct History<'m> {
    /// `frames * features`.
    ring: &'m mut [i8],
    features: usize,
    /// Frame of the ring that is written next; the oldest once all have been written.
    next: usize,
    /// Frames until the ring is an input.
    missing: u32,
    frames: u32,
    stride: u32,
}

impl<'m> History<'m> {
    pub(crate) fn new(ring: &'m mut [i8], features: usize, frames: u32, stride: u32) -> Self {
        Self {
            ring,
            features,
            next: 0,
            missing: frames,
            frames,
            stride,
        }
    }

    /// Forgets all frames.
    pub(crate) fn reset(&mut self) {
        self.next = 0;
        self.missing = self.frames;
    }

    /// Adds a frame; says whether the frames are an input now.
    pub(crate) fn push(&mut self, frame: impl Iterator<Item = i8>) -> bool {
        let at = self.next * self.features;
        for (into, value) in self.ring[at..][..self.features].iter_mut().zip(frame) {
            *into = value;
        }
        self.next += 1;
        if self.next * self.features == self.ring.len() {
            self.next = 0;
        }
        self.missing -= 1;
        let is_due = self.missing == 0;
        if is_due {
            self.missing = self.stride;
        }
        is_due
    }

    /// Writes the frames, oldest first, into an input of as many values.
    pub(crate) fn write(&self, input: &mut [i8], order: FrameOrder) {
        let (newest, oldest) = self.ring.split_at(self.next * self.features);
        match order {
            FrameOrder::FramesFirst => {
                let (first, second) = input.split_at_mut(oldest.len());
                first.copy_from_slice(oldest);
                second.copy_from_slice(newest);
            }
            FrameOrder::FeaturesFirst => {
                let frames = self.ring.len() / self.features;
                let ordered = [oldest, newest];
                let ordered = ordered
                    .iter()
                    .flat_map(|part| part.chunks_exact(self.features));
                for (time, frame) in ordered.enumerate() {
                    for (feature, &value) in frame.iter().enumerate() {
                        input[feature * frames + time] = value;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_due_every_stride_and_in_order() {
        let mut ring = [0; 6];
        let mut history = History::new(&mut ring, 2, 3, 2);
        for _ in 0..2 {
            let mut inputs = std::vec::Vec::new();
            for time in 0..8 {
                if history.push([10 * time, 10 * time + 1].into_iter()) {
                    let mut input = [0; 6];
                    history.write(&mut input, FrameOrder::FramesFirst);
                    let mut turned = [0; 6];
                    history.write(&mut turned, FrameOrder::FeaturesFirst);
                    let [a, b, c, d, e, f] = input;
                    assert_eq!(turned, [a, c, e, b, d, f]);
                    inputs.push(input);
                }
            }
            assert_eq!(
                inputs,
                [
                    [0, 1, 10, 11, 20, 21],
                    [20, 21, 30, 31, 40, 41],
                    [40, 41, 50, 51, 60, 61]
                ]
            );
            history.reset();
        }
    }
}
