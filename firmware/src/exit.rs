//! The end of the program.

/// The exit status; an emulator passes it on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Every sample was run.
    Done = 0,
    /// A panic or an exception: a defect.
    Defect = 1,
    /// The model region of flash holds none.
    NoModel = 2,
    /// The model is refused.
    BadModel = 3,
    /// The arena is too small for the model.
    TooLarge = 4,
    /// The inputs are refused.
    BadBatch = 5,
    /// A kernel is not its portable form.
    Mismatch = 6,
}

/// Ends the program (semihosting, `SYS_EXIT_EXTENDED`).
pub(crate) fn exit(status: Status) -> ! {
    #[expect(
        clippy::as_conversions,
        reason = "an enum without fields to its number"
    )]
    semihosting::process::exit(status as i32)
}
