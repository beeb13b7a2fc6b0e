//! The log of a bench firmware: defmt frames, decoded with the table in the firmware's ELF.

use crate::data::AlignedBytes;
use defmt_decoder::{Encoding, Table};
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
    #[error("the firmware's output is damaged in line {line}: {cause}")]
    Damaged {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// A message is not one that this host knows.
    #[error(
        "a message of the firmware cannot be decoded ({0}): host and firmware are not of the same release"
    )]
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

/// Decodes what the firmware `elf` has written to its semihosting console: defmt frames, each a
/// line of hexadecimal digits.
///
/// # Errors
///
/// [`LogError::Table`], [`LogError::NoTable`], [`LogError::Damaged`], [`LogError::Truncated`].
pub fn decode(elf: &[u8], output: &[u8]) -> Result<Log, LogError> {
    // The ELF parser reads its structures in place.
    let elf = AlignedBytes::new(elf);
    let table = Table::parse(elf.as_ref())
        .map_err(|error| LogError::Table(format!("{error:#}")))?
        .ok_or(LogError::NoTable)?;
    if table.encoding() != Encoding::Raw {
        return Err(LogError::Table(
            "its frames are encoded a second time".into(),
        ));
    }
    let mut log = Log::default();
    for (number, line) in (1..).zip(output.split_inclusive(|&byte| byte == b'\n')) {
        let digits = line.strip_suffix(b"\n").ok_or(LogError::Truncated)?;
        let damaged = |cause: &str| LogError::Damaged {
            line: number,
            cause: cause.into(),
        };
        let bytes = hex_bytes(digits).ok_or_else(|| damaged("not pairs of hexadecimal digits"))?;
        let (frame, consumed) = table
            .decode(&bytes)
            .map_err(|error| damaged(&error.to_string()))?;
        if consumed != bytes.len() {
            return Err(damaged("more bytes than the line's format takes"));
        }
        let text = frame.display_message().to_string();
        let level = frame.level().map(|level| level.as_str());
        match text.strip_prefix(MESSAGE_PREFIX) {
            Some(list) if level.is_none() => {
                let message = byte_list(list).ok_or_else(|| damaged("not a message"))?;
                log.frames.push(message);
            }
            Some(_) | None => log.lines.push(LogLine { level, text }),
        }
    }
    Ok(log)
}

fn hex_bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let nibble = |digit: u8| {
        let value = char::from(digit).to_digit(16)?;
        u8::try_from(value).ok()
    };
    let byte = |&[high, low]: &[u8; 2]| Some(nibble(high)? << 4 | nibble(low)?);
    pairs.iter().map(byte).collect()
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
        let last_line = || {
            self.lines
                .last()
                .map_or_else(String::new, |line| line.text.clone())
        };
        let [first, facts @ .., last] = messages.as_slice() else {
            return Err(LogError::Unfinished(last_line()));
        };
        let Message::Model {
            arena_bytes,
            blob_bytes,
            steps,
        } = *first
        else {
            return Err(order("the model", first));
        };
        let Message::Done { samples } = *last else {
            return Err(LogError::Unfinished(last_line()));
        };
        let mut outputs = Outputs::default();
        let mut stack = None;
        for message in facts {
            match *message {
                Message::Output {
                    sample,
                    index,
                    offset,
                    bytes,
                } => {
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
            return Err(order(
                &format!("the end of {} samples", outputs.len()),
                last,
            ));
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

#[cfg(test)]
mod tests {
    use super::*;

    // The table of a bench firmware (`arm-none-eabi-objcopy --strip-debug` without its loaded
    // sections) and what that firmware wrote in QEMU for the runtime's `dense` test blob and three
    // samples.
    const ELF: &[u8] = include_bytes!("log/bench.elf");
    const OUTPUT: &[u8] = include_bytes!("log/bench.log");

    #[test]
    fn a_captured_log_is_read_line_by_line_and_as_results() {
        let log = decode(ELF, OUTPUT).expect("whole");
        let lines: Vec<_> = log
            .lines
            .iter()
            .map(|line| (line.level, line.text.as_str()))
            .collect();
        assert_eq!(
            lines,
            [
                (Some("info"), "model: 243 bytes, 1 steps, 22 bytes of arena"),
                (Some("info"), "sample 0: output 0, 6 bytes"),
                (Some("info"), "stack: 792 bytes"),
                (Some("info"), "sample 1: output 0, 6 bytes"),
                (Some("info"), "sample 2: output 0, 6 bytes"),
                (Some("info"), "done, 3 samples"),
            ]
        );
        let results = log.results().expect("complete");
        assert_eq!(results.outputs.len(), 3);
        assert_eq!(
            (
                results.arena_bytes,
                results.blob_bytes,
                results.steps,
                results.stack_bytes
            ),
            (22, 243, 1, 792)
        );
    }

    #[test]
    fn a_log_that_ends_early_is_no_result() {
        for len in 0..OUTPUT.len() {
            let cut = decode(ELF, &OUTPUT[..len]).and_then(|log| log.results());
            match cut {
                Err(LogError::Truncated | LogError::Unfinished(_)) => {}
                other => panic!("{len}: {other:?}"),
            }
        }
    }

    #[test]
    fn damaged_bytes_are_errors_or_other_text_and_never_panic() {
        let sound = decode(ELF, OUTPUT).expect("whole");
        let mut refused = 0;
        for at in 0..OUTPUT.len() {
            for &value in b"0123456789abcdef\n \xff" {
                let mut damaged = OUTPUT.to_vec();
                damaged[at] = value;
                match decode(ELF, &damaged) {
                    Err(_) => refused += 1,
                    Ok(log) if log == sound => {}
                    Ok(log) => drop(log.results()),
                }
            }
        }
        assert!(refused > 1000, "{refused}");
    }

    #[test]
    fn an_elf_without_a_table_is_refused() {
        assert!(matches!(decode(&[], OUTPUT), Err(LogError::Table(_))));
        assert!(matches!(
            decode(&ELF[..100], OUTPUT),
            Err(LogError::Table(_))
        ));
    }

    fn log(messages: &[Message<'_>]) -> Log {
        let encode = |message| postcard::to_stdvec(message).expect("encodes");
        Log {
            lines: Vec::new(),
            frames: messages.iter().map(encode).collect(),
        }
    }

    #[test]
    fn messages_must_follow_each_other() {
        let model = Message::Model {
            arena_bytes: 1,
            blob_bytes: 2,
            steps: 3,
        };
        let part = |sample, index, offset, bytes| Message::Output {
            sample,
            index,
            offset,
            bytes,
        };
        let (stack, done) = (Message::Stack { bytes: 4 }, Message::Done { samples: 1 });
        let good = [
            model,
            part(0, 0, 0, &[1]),
            part(0, 0, 1, &[2, 0xff]),
            part(0, 1, 0, &[3]),
            stack,
            done,
        ];
        let results = log(&good).results().expect("in order");
        assert_eq!(results.outputs, [[vec![1, 2, -1], vec![3]]]);

        for (what, messages) in [
            ("no model", &[stack, done][..]),
            ("two models", &[model, model, stack, done]),
            (
                "a gap in an output",
                &[model, part(0, 0, 1, &[1]), stack, done],
            ),
            (
                "an output left out",
                &[model, part(0, 1, 0, &[1]), stack, done],
            ),
            (
                "a sample left out",
                &[model, part(1, 0, 0, &[1]), stack, done],
            ),
            (
                "a part twice",
                &[model, part(0, 0, 0, &[1]), part(0, 0, 0, &[1]), stack, done],
            ),
            ("no stack", &[model, part(0, 0, 0, &[1]), done]),
            (
                "two stacks",
                &[model, part(0, 0, 0, &[1]), stack, stack, done],
            ),
            ("a sample too few", &[model, stack, done]),
        ] {
            let error = log(messages).results().expect_err(what);
            assert!(matches!(error, LogError::Order { .. }), "{what}: {error}");
        }
        assert!(matches!(
            log(&good[..5]).results(),
            Err(LogError::Unfinished(_))
        ));
        let unknown = Log {
            frames: vec![vec![9]],
            ..Log::default()
        };
        assert!(matches!(unknown.messages(), Err(LogError::Message(_))));
    }
}
