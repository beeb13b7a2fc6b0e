//! Random programs, and the plan that shares nothing.

use super::{ALIGNMENT_BYTES, Buffer, Chase, Kernel, Place, Plan, Program, State, Step, Write};
use crate::ir::ValueId;

/// A small generator (Knuth's MMIX constants), so that failures can be repeated.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1)
    }

    /// In `0..limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Every buffer at bytes of its own, but what a state becomes at the state's: what any other plan
/// must compute the same as.
pub(crate) fn disjoint(program: &Program) -> Plan {
    let mut end = 0;
    let offsets = program.buffers.iter().map(|buffer| {
        let offset = end;
        end = (end + buffer.bytes).next_multiple_of(ALIGNMENT_BYTES);
        offset
    });
    let mut offsets: Vec<u32> = offsets.collect();
    for state in &program.states {
        if let Some(next) = state.next {
            offsets[next] = offsets[state.value];
        }
    }
    Plan {
        offsets,
        arena_bytes: end,
        lower_bound_bytes: 0,
        proven_optimal: false,
        peak_step: 0,
    }
}

/// A program over random buffers, of up to `most_steps` steps: with one to three operands, some in
/// place, some with scratch, some that write the two halves of a buffer by turns.
pub(crate) fn random_program(random: &mut Random, most_steps: usize) -> Program {
    let skip_percent = [5, 25, 60][random.below(3)];
    let mut program = Program {
        buffers: Vec::new(),
        homes: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        states: Vec::new(),
        steps: Vec::new(),
        layers: vec!["layer".to_owned()],
    };
    let mut values = Vec::new();
    for _ in 0..1 + random.below(2) {
        let bytes = 1 + random.below(60);
        let place = add_buffer(&mut program, bytes);
        program.inputs.push(place);
        values.push(place);
    }
    for state in 0..random.below(3) {
        let bytes = 1 + random.below(30);
        let place = add_buffer(&mut program, bytes);
        program.states.push(State {
            state,
            value: place.buffer,
            next: None,
        });
        values.push(place);
    }
    for _ in 0..1 + random.below(most_steps) {
        let mut operand = |random: &mut Random| operand(random, &values, skip_percent);
        let value = match random.chance(15) {
            true => interleaved(random, &mut program, &mut operand),
            false => plain(random, &mut program, &mut operand),
        };
        values.push(value);
    }
    for _ in 0..1 + random.below(2) {
        // Mostly the last values, or all else would be dead.
        let back = random.below(3.min(values.len()));
        program.outputs.push(values[values.len() - 1 - back]);
    }
    let is_state = |place: &Place| program.states.iter().any(|s| s.value == place.buffer);
    let reads: Vec<Place> = values.iter().copied().filter(|p| !is_state(p)).collect();
    program.outputs.retain(|place| !is_state(place));
    for state in 0..program.states.len() {
        let read = reads[random.below(reads.len())];
        become_new(random, &mut program, state, read);
    }
    program
}

/// Gives a state its next value: a result that is written when the state was read for the last
/// time, else what a last step makes of `read`.
fn become_new(random: &mut Random, program: &mut Program, state: usize, read: Place) {
    let value = program.states[state].value;
    let bytes = program.buffers[value].bytes;
    if random.chance(20) {
        return;
    }
    let last = program
        .steps
        .iter()
        .rposition(|step| step.reads.iter().any(|read| read.buffer == value));
    let fitting =
        program.steps.iter().enumerate().position(|(index, step)| {
            let buffer = step.write.buffer;
            step.write.row_bytes == bytes
                && program.buffers[buffer].bytes == bytes
                && program
                    .states
                    .iter()
                    .all(|state| state.next != Some(buffer))
                && last.is_none_or(|last| {
                    last < index
                        || last == index
                            && step.reads.iter().enumerate().all(|(at, read)| {
                                read.buffer != value || step.in_place.contains(&at)
                            })
                })
        });
    program.states[state].next = Some(match fitting {
        Some(step) => program.steps[step].write.buffer,
        None => {
            let next = add_buffer(program, usize::try_from(bytes).unwrap());
            push(program, vec![read], Write::whole(next));
            next.buffer
        }
    });
}

fn add_buffer(program: &mut Program, bytes: usize) -> Place {
    let bytes = u32::try_from(bytes).unwrap();
    let buffer = program.buffers.len();
    program.buffers.push(Buffer {
        name: format!("buffer {buffer}"),
        bytes,
    });
    Place {
        buffer,
        offset: 0,
        bytes,
    }
}

/// Chooses what a step reads.
type Operand<'a> = &'a mut dyn FnMut(&mut Random) -> Place;

fn operand(random: &mut Random, values: &[Place], skip_percent: usize) -> Place {
    // Recent values, and now and then an old one: a long skip.
    let reach = if random.chance(skip_percent) {
        values.len()
    } else {
        3
    };
    values[values.len() - 1 - random.below(reach.min(values.len()))]
}

fn push(program: &mut Program, reads: Vec<Place>, write: Write) {
    program.steps.push(Step {
        layer: 0,
        kernel: Kernel::Copy {
            value: ValueId::from_index(0),
        },
        reads,
        write,
        in_place: Vec::new(),
        chase: None,
        scratch: None,
    });
}

fn plain(random: &mut Random, program: &mut Program, operand: Operand<'_>) -> Place {
    let reads: Vec<Place> = (0..1 + random.below(3)).map(|_| operand(random)).collect();
    let is_elementwise = random.chance(50);
    let bytes = match is_elementwise {
        true => usize::try_from(reads[0].bytes).unwrap(),
        false => 1 + random.below(60),
    };
    let output = add_buffer(program, bytes);
    let scratch = random.chance(20).then(|| {
        let bytes = 1 + random.below(40);
        add_buffer(program, bytes).buffer
    });
    push(program, reads.clone(), Write::whole(output));
    let step = program.steps.last_mut().unwrap();
    step.scratch = scratch;
    if random.chance(40) {
        step.chase = Some(Chase {
            read: random.below(reads.len()),
            lag_bytes: u32::try_from(random.below(20)).unwrap(),
        });
    }
    if is_elementwise {
        step.in_place = (0..reads.len())
            .filter(|&read| reads[read].bytes == output.bytes)
            .collect();
    }
    output
}

/// A concatenation along an inner axis, in two steps.
fn interleaved(random: &mut Random, program: &mut Program, operand: Operand<'_>) -> Place {
    let [a, b] = [operand(random), operand(random)];
    let rows = 1 + u32::try_from(random.below(3)).unwrap();
    let [left, right] = [1, 1].map(|least| least + u32::try_from(random.below(8)).unwrap());
    let pitch_bytes = left + right;
    let output = add_buffer(program, usize::try_from(rows * pitch_bytes).unwrap());
    for (read, offset, row_bytes) in [(a, 0, left), (b, left, right)] {
        let write = Write {
            buffer: output.buffer,
            offset,
            rows,
            row_bytes,
            pitch_bytes,
        };
        push(program, vec![read], write);
    }
    output
}

/// Runs a program three times with kernels that mix everything they read, and returns the outputs'
/// bytes of all runs.
///
/// Every byte of a result depends on all bytes of the operands as they are when that byte is
/// written, or, for the operands that the result may lie on, on the byte at the same place, or, for
/// one that it may run after, on the bytes that the lag leaves: what a kernel at its least careful
/// may do.
pub(crate) fn run(program: &Program, plan: &Plan) -> Vec<Vec<u8>> {
    let start = |place: &Place| usize::try_from(plan.offsets[place.buffer] + place.offset).unwrap();
    let range = |place: &Place| start(place)..start(place) + usize::try_from(place.bytes).unwrap();
    let mut arena = vec![0xee; usize::try_from(plan.arena_bytes).unwrap()];
    for state in &program.states {
        let whole = Place {
            buffer: state.value,
            offset: 0,
            bytes: program.buffers[state.value].bytes,
        };
        for (index, byte) in range(&whole).enumerate() {
            arena[byte] = mix(77 + state.state, [index]);
        }
    }
    let mut outputs = Vec::new();
    for number in 0..3 {
        run_once(program, plan, &mut arena, number);
        outputs.extend(
            program
                .outputs
                .iter()
                .map(|place| arena[range(place)].to_vec()),
        );
    }
    outputs
}

fn run_once(program: &Program, plan: &Plan, arena: &mut [u8], number: usize) {
    let start = |place: &Place| usize::try_from(plan.offsets[place.buffer] + place.offset).unwrap();
    let range = |place: &Place| start(place)..start(place) + usize::try_from(place.bytes).unwrap();
    for (input, place) in program.inputs.iter().enumerate() {
        for (index, byte) in range(place).enumerate() {
            arena[byte] = mix(input, [index, number]);
        }
    }
    for (index, step) in program.steps.iter().enumerate() {
        if let Some(buffer) = step.scratch {
            let place = Place {
                buffer,
                offset: 0,
                bytes: program.buffers[buffer].bytes,
            };
            arena[range(&place)].fill(mix(index, [99]));
        }
        let write = step.write;
        for row in 0..write.rows {
            for column in 0..write.row_bytes {
                let at = row * write.pitch_bytes + column;
                let element = usize::try_from(at).unwrap();
                let mut seen = vec![element];
                for (read, place) in step.reads.iter().enumerate() {
                    let chase = step.chase.filter(|chase| chase.read == read);
                    if step.in_place.contains(&read) {
                        seen.push(usize::from(arena[start(place) + element]));
                    } else if let Some(Chase { lag_bytes, .. }) = chase {
                        // Bytes up to this one less the lag are read no more.
                        let lag = usize::try_from(lag_bytes).unwrap();
                        let from = (element + 1).saturating_sub(lag);
                        let unread = arena[range(place)].iter().skip(from);
                        seen.extend(unread.map(|&byte| usize::from(byte)));
                    } else {
                        seen.extend(arena[range(place)].iter().map(|&byte| usize::from(byte)));
                    }
                }
                let to = plan.offsets[write.buffer] + write.offset + at;
                arena[usize::try_from(to).unwrap()] = mix(index, seen);
            }
        }
    }
}

fn mix(seed: usize, values: impl IntoIterator<Item = usize>) -> u8 {
    let mut hash = u64::try_from(seed).unwrap() + 0x1234_5678;
    for value in values {
        hash = (hash ^ u64::try_from(value).unwrap()).wrapping_mul(0x0100_0000_01b3);
        hash ^= hash >> 29;
    }
    u8::try_from(hash >> 40 & 0xff).unwrap()
}
