//! Proves that a plan is right by living through it.
//!
//! Written apart from the planner: it takes the program's facts and the plan's offsets, nothing
//! else. A map of the arena holds, for every byte, which buffer's byte was written there last.
//! Walking the steps over that map, every read must find all its bytes in place, and no write may
//! fall on a byte that somebody still needs, except where a result lies exactly on an operand
//! that the step may overwrite.

use super::ALIGNMENT_BYTES;
use super::check_error::CheckError;
use super::program::{Place, Program, State, Step, Write};
use std::ops::Range;

/// Checks the offsets of a plan against the program.
///
/// # Errors
/// The first violation, see [`CheckError`].
pub fn check(program: &Program, plan: &super::Plan) -> Result<(), CheckError> {
    let mut arena = Arena::new(program, &plan.offsets, plan.arena_bytes)?;
    for state in &program.states {
        arena.there(&arena.whole(state.value)?, "state")?;
    }
    for input in &program.inputs {
        arena.there(input, "input")?;
    }
    for (index, step) in program.steps.iter().enumerate() {
        arena.step(index, step)?;
    }
    for output in &program.outputs {
        arena.read(output, program.steps.len(), "the caller")?;
    }
    for state in &program.states {
        arena.survives(state)?;
    }
    Ok(())
}

/// The arena while the program runs.
struct Arena<'a> {
    program: &'a Program,
    starts: Vec<usize>,
    /// By arena byte: the buffer whose byte is there.
    owner: Vec<Option<usize>>,
    /// By buffer: which of its bytes were ever written.
    written: Vec<Vec<bool>>,
    /// By buffer: the last step that reads it; the number of steps for outputs; none if unread.
    needed_until: Vec<Option<usize>>,
}

impl<'a> Arena<'a> {
    fn new(program: &'a Program, offsets: &[u32], arena_bytes: u32) -> Result<Self, CheckError> {
        if offsets.len() != program.buffers.len() {
            return Err(CheckError::Count {
                expected: program.buffers.len(),
                found: offsets.len(),
            });
        }
        for (buffer, &offset) in program.buffers.iter().zip(offsets) {
            let end = u64::from(offset) + u64::from(buffer.bytes);
            if end > u64::from(arena_bytes) {
                return Err(CheckError::OutOfArena {
                    buffer: buffer.name.clone(),
                    end,
                    arena_bytes,
                });
            }
            if !offset.is_multiple_of(ALIGNMENT_BYTES) {
                return Err(CheckError::Misaligned {
                    buffer: buffer.name.clone(),
                    offset,
                });
            }
        }
        let mut needed_until = vec![None; program.buffers.len()];
        let reads = program.steps.iter().enumerate();
        let reads =
            reads.flat_map(|(index, step)| step.reads.iter().map(move |read| (index, read)));
        let outputs = program
            .outputs
            .iter()
            .map(|read| (program.steps.len(), read));
        let reads = reads.chain(outputs);
        let reads = reads.map(|(index, read)| (index, read.buffer));
        let states = program.states.iter();
        let states = states.map(|state| (program.steps.len(), state.next.unwrap_or(state.value)));
        for (index, buffer) in reads.chain(states) {
            let until = needed_until.get_mut(buffer);
            *until.ok_or(inconsistent("read", index))? = Some(index);
        }
        Ok(Self {
            program,
            starts: offsets.iter().map(|&offset| to_usize(offset)).collect(),
            owner: vec![None; to_usize(arena_bytes)],
            written: program
                .buffers
                .iter()
                .map(|buffer| vec![false; to_usize(buffer.bytes)])
                .collect(),
            needed_until,
        })
    }

    fn name(&self, buffer: usize) -> &str {
        &self.program.buffers[buffer].name
    }

    /// Arena bytes of `bytes` of a buffer, if the buffer has them.
    fn range(&self, buffer: usize, bytes: Range<usize>) -> Option<Range<usize>> {
        let length = self.written.get(buffer)?.len();
        let start = self.starts[buffer];
        (bytes.start < bytes.end && bytes.end <= length)
            .then(|| start + bytes.start..start + bytes.end)
    }

    fn place(&self, place: &Place) -> Option<Range<usize>> {
        let start = to_usize(place.offset);
        self.range(place.buffer, start..start + to_usize(place.bytes))
    }

    /// All of a buffer.
    fn whole(&self, buffer: usize) -> Result<Place, CheckError> {
        let steps = self.program.steps.len();
        let found = self.program.buffers.get(buffer);
        Ok(Place {
            buffer,
            offset: 0,
            bytes: found.ok_or(inconsistent("state", steps))?.bytes,
        })
    }

    /// After the last step, what the next run is to find lies where it will look for it.
    fn survives(&self, state: &State) -> Result<(), CheckError> {
        let steps = self.program.steps.len();
        let remaining = self.whole(state.next.unwrap_or(state.value))?;
        let value = self.whole(state.value)?;
        if remaining.bytes != value.bytes {
            return Err(inconsistent("state", steps));
        }
        if self.starts[remaining.buffer] != self.starts[value.buffer] {
            return Err(CheckError::Moved {
                state: self.name(value.buffer).to_owned(),
                next: self.name(remaining.buffer).to_owned(),
            });
        }
        self.read(&remaining, steps, "the next run")
    }

    /// Before the first step the caller writes inputs and finds states in place: all are there at
    /// once, read or not.
    fn there(&mut self, place: &Place, what: &'static str) -> Result<(), CheckError> {
        let steps = self.program.steps.len();
        let range = self.place(place).ok_or(inconsistent(what, steps))?;
        if let Some(other) = self.owner[range.clone()].iter().copied().flatten().next() {
            return Err(CheckError::Overwrites {
                step: steps,
                layer: what.to_owned(),
                buffer: self.name(place.buffer).to_owned(),
                needed: self.name(other).to_owned(),
            });
        }
        let start = self.starts[place.buffer];
        for byte in range {
            self.owner[byte] = Some(place.buffer);
            self.written[place.buffer][byte - start] = true;
        }
        Ok(())
    }

    fn step(&mut self, index: usize, step: &Step) -> Result<(), CheckError> {
        let layer = self.program.layers.get(step.layer);
        let layer = layer.ok_or(inconsistent("layer", index))?.clone();
        for read in &step.reads {
            self.read(read, index, &layer)?;
        }
        let runs = self.runs(&step.write, index)?;
        self.overlaps(index, step, &layer, &runs)?;
        for run in &runs {
            self.write(index, step, &layer, run.clone())?;
        }
        self.scratch(index, step, &layer)
    }

    /// All of the place's bytes must be its buffer's own.
    fn read(&self, place: &Place, step: usize, reader: &str) -> Result<(), CheckError> {
        let range = self.place(place).ok_or(inconsistent("read", step))?;
        let start = self.starts[place.buffer];
        let is_lost = |byte: &usize| {
            self.owner[*byte] != Some(place.buffer) || !self.written[place.buffer][byte - start]
        };
        match range.clone().find(is_lost) {
            None => Ok(()),
            Some(byte) => Err(CheckError::Lost {
                reader: reader.to_owned(),
                buffer: self.name(place.buffer).to_owned(),
                byte: byte - start,
            }),
        }
    }

    /// The arena bytes that a step writes.
    fn runs(&self, write: &Write, step: usize) -> Result<Vec<Range<usize>>, CheckError> {
        let run = |row: u32| {
            let start = u64::from(write.offset) + u64::from(row) * u64::from(write.pitch_bytes);
            let start = usize::try_from(start).ok()?;
            self.range(write.buffer, start..start + to_usize(write.row_bytes))
        };
        if write.rows == 0 || write.pitch_bytes < write.row_bytes {
            return Err(inconsistent("write", step));
        }
        (0..write.rows)
            .map(|row| run(row).ok_or(inconsistent("write", step)))
            .collect()
    }

    /// A write may touch an operand only where the step allows it, and then only from its first byte
    /// on, or far enough before it.
    fn overlaps(
        &self,
        index: usize,
        step: &Step,
        layer: &str,
        runs: &[Range<usize>],
    ) -> Result<(), CheckError> {
        for (read, place) in step.reads.iter().enumerate() {
            let range = self.place(place).ok_or(inconsistent("read", index))?;
            let overlap = runs
                .iter()
                .any(|run| run.start < range.end && range.start < run.end);
            let is_on = |run: &Range<usize>| run.start == range.start && run.end <= range.end;
            let is_exact = step.in_place.contains(&read) && runs.len() == 1 && is_on(&runs[0]);
            let chase = step.chase.filter(|chase| chase.read == read);
            let is_behind = chase.is_some_and(|chase| {
                let least = |run: &Range<usize>| run.start.checked_add(to_usize(chase.lag_bytes));
                runs.len() == 1 && least(&runs[0]).is_some_and(|least| least <= range.start)
            });
            if overlap && !is_exact && !is_behind {
                return Err(CheckError::InPlace {
                    step: index,
                    layer: layer.to_owned(),
                    operand: self.name(place.buffer).to_owned(),
                });
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        index: usize,
        step: &Step,
        layer: &str,
        run: Range<usize>,
    ) -> Result<(), CheckError> {
        let buffer = step.write.buffer;
        for byte in run {
            let own = byte - self.starts[buffer];
            if self.written[buffer][own] {
                return Err(CheckError::WrittenTwice {
                    step: index,
                    layer: layer.to_owned(),
                    buffer: self.name(buffer).to_owned(),
                });
            }
            self.may_overwrite(byte, index, layer, buffer)?;
            self.owner[byte] = Some(buffer);
            self.written[buffer][own] = true;
        }
        Ok(())
    }

    /// Whoever owns the byte must be done with it. What this very step reads there was judged by
    /// [`Self::overlaps`].
    fn may_overwrite(
        &self,
        byte: usize,
        step: usize,
        layer: &str,
        buffer: usize,
    ) -> Result<(), CheckError> {
        match self.owner[byte] {
            Some(other)
                if other != buffer && self.needed_until[other].is_some_and(|last| last > step) =>
            {
                Err(CheckError::Overwrites {
                    step,
                    layer: layer.to_owned(),
                    buffer: self.name(buffer).to_owned(),
                    needed: self.name(other).to_owned(),
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Scratch is filled with noise while the step runs: it may touch neither operands nor the
    /// result nor anything needed later.
    fn scratch(&mut self, index: usize, step: &Step, layer: &str) -> Result<(), CheckError> {
        let Some(buffer) = step.scratch else {
            return Ok(());
        };
        let whole = 0..self.written.get(buffer).map_or(0, Vec::len);
        let range = self
            .range(buffer, whole)
            .ok_or(inconsistent("scratch", index))?;
        for read in &step.reads {
            let operand = self.place(read).ok_or(inconsistent("read", index))?;
            if range.start < operand.end && operand.start < range.end {
                return Err(CheckError::InPlace {
                    step: index,
                    layer: layer.to_owned(),
                    operand: self.name(read.buffer).to_owned(),
                });
            }
        }
        for byte in range {
            self.may_overwrite(byte, index, layer, buffer)?;
            self.owner[byte] = None;
        }
        Ok(())
    }
}

fn inconsistent(what: &'static str, step: usize) -> CheckError {
    CheckError::Inconsistent { what, step }
}

fn to_usize(bytes: u32) -> usize {
    usize::try_from(bytes).expect("usize holds 32 bits on every host")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Random, disjoint, random_program, run};
    use super::super::{Buffer, Chase, Kernel, Plan, plan};
    use super::*;
    use crate::ir::ValueId;

    /// `x → a`, `(x, a) → b`, `b → c` in place, with scratch in the last step: 8 bytes each.
    fn program() -> Program {
        let place = |buffer| Place {
            buffer,
            offset: 0,
            bytes: 8,
        };
        let step = |reads: &[usize], write, in_place: &[usize], scratch| Step {
            layer: 0,
            kernel: Kernel::Copy {
                value: ValueId::from_index(0),
            },
            reads: reads.iter().map(|&buffer| place(buffer)).collect(),
            write: Write::whole(place(write)),
            in_place: in_place.to_vec(),
            chase: None,
            scratch,
        };
        Program {
            buffers: ["x", "a", "b", "c", "scratch"]
                .map(|name| Buffer {
                    name: name.to_owned(),
                    bytes: 8,
                })
                .to_vec(),
            homes: Vec::new(),
            inputs: vec![place(0)],
            outputs: vec![place(3)],
            states: Vec::new(),
            steps: vec![
                step(&[0], 1, &[], None),
                step(&[0, 1], 2, &[], None),
                step(&[2], 3, &[0], Some(4)),
            ],
            layers: vec!["layer".to_owned()],
        }
    }

    #[test]
    fn a_result_may_run_after_an_operand_but_not_closer_than_it_says() {
        let mut program = program();
        program.steps[1].chase = Some(Chase {
            read: 1,
            lag_bytes: 4,
        });
        let judged = |offsets: [u32; 5]| {
            let plan = Plan {
                offsets: offsets.to_vec(),
                arena_bytes: 64,
                ..disjoint(&program)
            };
            check(&program, &plan)
        };
        for a in [20, 24, 32, 0, 8] {
            assert_eq!(judged([48, a, 16, 16, 40]), Ok(()), "{a}");
        }
        for a in [16, 12] {
            let error = judged([48, a, 16, 16, 40]);
            assert!(matches!(error, Err(CheckError::InPlace { step: 1, .. })));
        }
        // Only the operand that it says.
        let error = judged([20, 48, 16, 16, 40]);
        assert!(matches!(error, Err(CheckError::InPlace { step: 1, .. })));
    }

    #[test]
    fn a_shorter_result_may_lie_on_the_start_of_an_operand() {
        let mut program = program();
        program.buffers[3].bytes = 4;
        program.outputs[0].bytes = 4;
        program.steps[2].write.row_bytes = 4;
        program.steps[2].write.pitch_bytes = 4;
        let judged = |program: &Program, c| {
            let plan = Plan {
                offsets: vec![0, 8, 16, c, 24],
                arena_bytes: 32,
                ..disjoint(program)
            };
            check(program, &plan)
        };
        assert_eq!(judged(&program, 16), Ok(()));
        let error = judged(&program, 20);
        assert!(matches!(error, Err(CheckError::InPlace { step: 2, .. })));
        // The planner knows it too: nothing but the input and the two that come after it live.
        assert_eq!(plan(&program).unwrap().arena_bytes, 24);
        program.steps[2].in_place.clear();
        let error = judged(&program, 16);
        assert!(matches!(error, Err(CheckError::InPlace { step: 2, .. })));
    }

    fn judged(offsets: [u32; 5], arena_bytes: u32) -> Result<(), CheckError> {
        let plan = Plan {
            offsets: offsets.to_vec(),
            arena_bytes,
            ..disjoint(&program())
        };
        check(&program(), &plan)
    }

    #[test]
    fn each_violation_is_named() {
        use CheckError as E;
        assert_eq!(judged([0, 8, 16, 16, 0], 24), Ok(()));
        assert_eq!(judged([0, 8, 16, 24, 8], 32), Ok(()));
        // The result on the input that the next step still reads; on the operand of a step that
        // cannot; beside the operand of a step that can; scratch on operand, result and input.
        assert!(matches!(
            judged([0, 0, 16, 24, 8], 32),
            Err(E::InPlace { step: 0, .. })
        ));
        assert!(matches!(
            judged([0, 8, 8, 24, 16], 32),
            Err(E::InPlace { step: 1, .. })
        ));
        assert!(matches!(
            judged([0, 8, 16, 20, 0], 32),
            Err(E::InPlace { step: 2, .. })
        ));
        assert!(matches!(
            judged([0, 8, 16, 24, 20], 32),
            Err(E::InPlace { step: 2, .. })
        ));
        assert!(matches!(
            judged([0, 8, 16, 24, 28], 40),
            Err(E::Overwrites { step: 2, .. })
        ));
        assert!(matches!(
            judged([0, 8, 16, 16, 0], 23),
            Err(E::OutOfArena { .. })
        ));
        assert!(matches!(
            judged([0, 10, 20, 20, 0], 28),
            Err(E::Misaligned { offset: 10, .. })
        ));
        let plan = Plan {
            offsets: vec![0; 4],
            ..disjoint(&program())
        };
        assert!(matches!(
            check(&program(), &plan),
            Err(E::Count {
                expected: 5,
                found: 4
            })
        ));
    }

    #[test]
    fn a_program_that_contradicts_itself_is_named() {
        use CheckError as E;
        let change = |change: &dyn Fn(&mut Program)| {
            let mut program = program();
            let plan = disjoint(&program);
            change(&mut program);
            check(&program, &plan).unwrap_err()
        };
        let lost = change(&|program| program.steps.swap(0, 1));
        assert!(matches!(lost, E::Lost { byte: 0, .. }), "{lost}");
        let unwritten = change(&|program| program.steps[0].write.row_bytes = 7);
        assert!(matches!(unwritten, E::Lost { byte: 7, .. }), "{unwritten}");
        let twice = change(&|program| {
            let step = program.steps[0].clone();
            program.steps.insert(0, step);
        });
        assert!(matches!(twice, E::WrittenTwice { step: 1, .. }), "{twice}");
        let beyond = change(&|program| program.steps[1].write.offset = 1);
        assert!(
            matches!(
                beyond,
                E::Inconsistent {
                    what: "write",
                    step: 1
                }
            ),
            "{beyond}"
        );
        let nowhere = change(&|program| program.steps[0].reads[0].buffer = 5);
        assert!(
            matches!(
                nowhere,
                E::Inconsistent {
                    what: "read",
                    step: 0
                }
            ),
            "{nowhere}"
        );
        let overlap = change(&|program| program.inputs.push(program.inputs[0]));
        assert!(matches!(overlap, E::Overwrites { .. }), "{overlap}");
    }

    #[test]
    fn what_is_accepted_computes_the_same() {
        let mut random = Random::new(3);
        let (mut accepted, mut refused, mut harmful) = (0, 0, 0);
        for _ in 0..3000 {
            let program = random_program(&mut random, 14);
            let expected = run(&program, &disjoint(&program));
            let sound = plan(&program).unwrap();
            for _ in 0..6 {
                let mut moved = sound.clone();
                // Room to move in even where the plan is tight.
                moved.arena_bytes += 4 * u32::try_from(random.below(8)).unwrap();
                for _ in 0..1 + random.below(2) {
                    let buffer = random.below(moved.offsets.len());
                    let room = moved.arena_bytes - program.buffers[buffer].bytes;
                    let slots = usize::try_from(room / ALIGNMENT_BYTES + 1).unwrap();
                    moved.offsets[buffer] =
                        ALIGNMENT_BYTES * u32::try_from(random.below(slots)).unwrap();
                }
                let is_same = run(&program, &moved) == expected;
                match check(&program, &moved) {
                    Ok(()) => {
                        assert!(is_same, "accepted but wrong: {moved:?}\n{program:#?}");
                        accepted += 1;
                    }
                    Err(_) => refused += 1,
                }
                harmful += usize::from(!is_same);
            }
        }
        println!("{accepted} accepted, {refused} refused, {harmful} harmful");
        assert!(
            accepted > 1000 && harmful > 1000,
            "{accepted} accepted, {harmful} harmful"
        );
    }
}
