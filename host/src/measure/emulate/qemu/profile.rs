//! Reading what the plugin writes; `plugin/lib.rs` says what that is.

use crate::measure::emulate::{Count, EmulateError, Phase};

/// How the run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// QEMU ended by itself: the firmware's exit.
    Exit,
    /// `HardFault`, in the block at the address.
    Fault(u32),
    /// Instruction limit.
    Limit(u32),
    /// Branch to itself.
    Stuck(u32),
}

/// The plugin's output.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Profile {
    pub phases: Vec<Phase>,
    pub ending: Ending,
}

/// Reads the whole output.
///
/// # Errors
/// [`EmulateError::PluginOutput`] for any line that the plugin does not write, or if the last one is missing.
pub(super) fn parse(text: &str) -> Result<Profile, EmulateError> {
    let mut phases: Vec<Phase> = Vec::new();
    let mut lines = text.lines().enumerate();
    for (index, line) in lines.by_ref() {
        let error = |expected| EmulateError::PluginOutput {
            line: index + 1,
            expected,
            found: line.to_owned(),
        };
        let fields: Vec<&str> = line.split(' ').collect();
        match (fields.as_slice(), phases.last_mut()) {
            (["P", number], _) => {
                if number.parse() != Ok(phases.len()) {
                    return Err(error("the next phase"));
                }
                phases.push(Phase::default());
            }
            ([address, size, executed, taken], Some(phase)) => {
                let (address, count) = count(address, size, executed, taken)
                    .ok_or_else(|| error("address, size and two counts"))?;
                if phase.counts.insert(address, count).is_some() {
                    return Err(error("each address once"));
                }
            }
            (_, Some(_)) => {
                let ending = ending(&fields).ok_or_else(|| error("a phase, a count or the end"))?;
                return match lines.next() {
                    None => Ok(Profile { phases, ending }),
                    Some((_, more)) => Err(EmulateError::PluginOutput {
                        line: index + 2,
                        expected: "nothing behind the end",
                        found: more.to_owned(),
                    }),
                };
            }
            (_, None) => return Err(error("the first phase")),
        }
    }
    let line = text.lines().count() + 1;
    Err(EmulateError::PluginOutput {
        line,
        expected: "how the run ended",
        found: "end of file".to_owned(),
    })
}

fn count(address: &str, size: &str, executed: &str, taken: &str) -> Option<(u32, Count)> {
    let size = size.parse().ok().filter(|size| matches!(size, 2 | 4))?;
    let count = Count {
        size,
        executed: executed.parse().ok()?,
        taken: taken.parse().ok()?,
    };
    Some((hexadecimal(address)?, count))
}

fn ending(fields: &[&str]) -> Option<Ending> {
    match fields {
        ["E"] => Some(Ending::Exit),
        ["F", address] => hexadecimal(address).map(Ending::Fault),
        ["L", address] => hexadecimal(address).map(Ending::Limit),
        ["S", address] => hexadecimal(address).map(Ending::Stuck),
        _ => None,
    }
}

fn hexadecimal(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_the_ending_are_read() {
        let profile = parse("P 0\n1c 2 7 3\nP 1\nE\n").unwrap();
        assert_eq!(
            profile.phases[0].counts[&0x1c],
            Count {
                size: 2,
                executed: 7,
                taken: 3
            }
        );
        assert!(profile.phases[1].counts.is_empty());
        assert_eq!(profile.ending, Ending::Exit);
        assert_eq!(parse("P 0\nF 1f2\n").unwrap().ending, Ending::Fault(0x1f2));
    }

    #[test]
    fn anything_else_is_refused_with_its_line() {
        let bad = [
            ("", 1),
            ("P 0\n", 2),
            ("P 1\nE\n", 1),
            ("1c 2 7 3\n", 1),
            ("P 0\n1c 3 7 3\nE\n", 2),
            ("P 0\n1c 2 7\nE\n", 2),
            ("P 0\n1c 2 7 -3\nE\n", 2),
            ("P 0\n1c 2 7 3\n1c 2 7 3\nE\n", 3),
            ("P 0\nE\nE\n", 3),
        ];
        for (text, expected) in bad {
            match parse(text) {
                Err(EmulateError::PluginOutput { line, .. }) => {
                    assert_eq!(line, expected, "{text:?}");
                }
                other => panic!("{text:?} gave {other:?}"),
            }
        }
    }
}
