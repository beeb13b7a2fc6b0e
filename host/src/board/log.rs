//! The log of a bench firmware: defmt frames, decoded with the table in the firmware's ELF.

use defmt_decoder::Table;
use tiivis_runtime::bench::Message;

/// How a log line that carries a message starts; the firmware's `report` writes it.
const MESSAGE_PREFIX: &str = "tiivis [";

/// Why a log cannot be read, or is not that of a complete run.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The ELF is unreadable or of an unknown defmt version.
    #[error("the firmware's log table cannot be read: {0}")]
    Table(String),
    /// The ELF has no defmt table.
    #[error("the firmware has no log table: it was linked without defmt")]
    NoTable,
    /// The bytes are not what this firmware logs.
    #[error("the firmware's output is damaged at byte {offset}: {cause}")]
    Damaged {
        /// Offset of the frame.
        offset: usize,
        /// What is wrong.
        cause: String,
    },
    /// A message is not one that this host knows.
    #[error("a message of the firmware cannot be decoded ({0}): host and firmware are not of the same release")]
    Message(String),
    /// The output ends inside a frame.
    #[error("the firmware's output ends in the middle of a line: it was stopped or crashed")]
    Truncated,
    /// The firmware gave up and said why.
    #[error("the firmware reports: {0}")]
    Failed(String),
    /// The run did not come to its end and gave no reason.
    #[error("the firmware stopped before it was done, its last line is: {0}")]
    Unfinished(String),
    /// A message at the wrong place, or one that contradicts another.
    #[error("the firmware reports {found} where {expected} was expected")]
    Order {
        /// What was expected.
        expected: String,
        /// The message.
        found: String,
    },
}

/// What a firmware has logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Lines for people, in order.
    pub lines: Vec<LogLine>,
    /// Encoded [`Message`]s, in order.
    frames: Vec<Vec<u8>>,
}

/// A line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `trace`, `debug`, `info`, `warn` or `error`; `None` where the line has none.
    pub level: Option<&'static str>,
    /// The text.
    pub text: String,
}

/// What a complete run has reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// Bytes of arena that the model needs.
    pub arena_bytes: u32,
    /// Length of the blob.
    pub blob_bytes: u32,
    /// Number of steps.
    pub steps: u32,
    /// Stack below the stack pointer at the call of the run.
    pub stack_bytes: u32,
    /// Per sample and output, the values, NHWC.
    pub outputs: Vec<Vec<Vec<i8>>>,
}

/// Decodes what the firmware `elf` has written to its semihosting console.
///
/// # Errors
///
/// [`LogError::Table`], [`LogError::NoTable`], [`LogError::Damaged`], [`LogError::Truncated`].
pub fn decode(elf: &[u8], output: &[u8]) -> Result<Log, LogError> {
    let table = Table::parse(elf)
        .map_err(|error| LogError::Table(format!("{error:#}")))?
        .ok_or(LogError::NoTable)?;
    if !table.encoding().can_recover() {
        return Err(LogError::Table("its frames are not delimited".into()));
    }
    let mut log = Log::default();
    let mut offset = 0;
    // One decoder a frame: fed with everything, defmt's shifts the rest for each of them.
    for chunk in output.split_inclusive(|&byte| byte == 0) {
        let start = offset;
        offset += chunk.len();
        if chunk == [0] {
            continue;
        }
        if chunk.last() != Some(&0) {
            return Err(LogError::Truncated);
        }
        let damaged = |cause: String| LogError::Damaged { offset: start, cause };
        let mut decoder = table.new_stream_decoder();
        decoder.received(chunk);
        let frame = decoder.decode().map_err(|error| damaged(error.to_string()))?;
        let text = frame.display_message().to_string();
        let level = frame.level().map(|level| level.as_str());
        match text.strip_prefix(MESSAGE_PREFIX) {
            Some(list) if level.is_none() => {
                log.frames.push(byte_list(list).ok_or_else(|| damaged(text.clone()))?);
            }
            Some(_) | None => log.lines.push(LogLine { level, text }),
        }
    }
    Ok(log)
}

/// `1, 2, 3]` as bytes: defmt-decoder gives a frame's arguments as text only.
fn byte_list(list: &str) -> Option<Vec<u8>> {
    let list = list.strip_suffix(']')?;
    if list.is_empty() {
        return Some(Vec::new());
    }
    list.split(", ").map(|byte| byte.parse().ok()).collect()
}

impl Log {
    /// The messages in order.
    ///
    /// # Errors
    ///
    /// [`LogError::Message`].
    pub fn messages(&self) -> Result<Vec<Message<'_>>, LogError> {
        let decoded = |frame| {
            postcard::from_bytes(frame).map_err(|error| LogError::Message(error.to_string()))
        };
        self.frames.iter().map(|frame| decoded(frame)).collect()
    }

    /// The results of a run that came to its end.
    ///
    /// # Errors
    ///
    /// [`LogError::Failed`] with the firmware's own words, [`LogError::Unfinished`],
    /// [`LogError::Order`], [`LogError::Message`].
    pub fn results(&self) -> Result<Results, LogError> {
        if let Some(line) = self.lines.iter().find(|line| line.level == Some("error")) {
            return Err(LogError::Failed(line.text.clone()));
        }
        let messages = self.messages()?;
        let last_line = || self.lines.last().map_or_else(String::new, |line| line.text.clone());
        let [first, facts @ .., last] = messages.as_slice() else {
            return Err(LogError::Unfinished(last_line()));
        };
        let Message::Model { arena_bytes, blob_bytes, steps } = *first else {
            return Err(order("the model", first));
        };
        let Message::Done { samples } = *last else {
            return Err(LogError::Unfinished(last_line()));
        };
        let mut outputs = Outputs::default();
        let mut stack = None;
        for message in facts {
            match *message {
                Message::Output { sample, index, offset, bytes } => {
                    if !outputs.extend(sample, index, offset, bytes) {
                        return Err(order("the next part of an output", message));
                    }
                }
                Message::Stack { bytes } if stack.is_none() => stack = Some(bytes),
                Message::Stack { .. } | Message::Model { .. } | Message::Done { .. } => {
                    return Err(order("an output", message));
                }
            }
        }
        let outputs = outputs.0;
        if u32::try_from(outputs.len()) != Ok(samples) {
            return Err(order(&format!("the end of {} samples", outputs.len()), last));
        }
        Ok(Results {
            arena_bytes,
            blob_bytes,
            steps,
            stack_bytes: stack.ok_or_else(|| order("the stack", last))?,
            outputs,
        })
    }
}

fn order(expected: &str, found: &Message<'_>) -> LogError {
    LogError::Order {
        expected: expected.into(),
        found: format!("{found:?}"),
    }
}

/// Outputs as their parts come in.
#[derive(Default)]
struct Outputs(Vec<Vec<Vec<i8>>>);

impl Outputs {
    /// Appends a part; false if it does not follow the last one.
    fn extend(&mut self, sample: u32, index: u32, offset: u32, bytes: &[u8]) -> bool {
        let follows = |place: u32, len: usize| {
            usize::try_from(place).is_ok_and(|place| place == len || (place + 1 == len))
        };
        if !follows(sample, self.0.len()) {
            return false;
        }
        let is_new = |place: u32, len: usize| usize::try_from(place) == Ok(len);
        if is_new(sample, self.0.len()) {
            self.0.push(Vec::new());
        }
        let Some(outputs) = self.0.last_mut() else {
            return false;
        };
        if !follows(index, outputs.len()) {
            return false;
        }
        if is_new(index, outputs.len()) {
            outputs.push(Vec::new());
        }
        let Some(values) = outputs.last_mut() else {
            return false;
        };
        if !is_new(offset, values.len()) {
            return false;
        }
        values.extend(bytes.iter().map(|byte| byte.cast_signed()));
        true
    }
}
