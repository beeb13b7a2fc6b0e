//! The planner: the smallest arena it can find.

use super::blocks::{Merge, blocks};
use super::climb::climb;
use super::pack::{greedy, live_peak};
use super::program::Program;
use super::search::search;
use std::fmt;

/// Most blocks for which the exact search is tried.
const EXACT_BLOCKS: usize = 24;
/// Placed blocks after which the exact search gives up: about a tenth of a second.
const EXACT_NODES: u64 = 300_000;

/// Where every buffer lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// First byte of every buffer, a multiple of [`super::ALIGNMENT_BYTES`].
    pub offsets: Vec<u32>,
    /// Length of the arena.
    pub arena_bytes: u32,
    /// Most bytes that live at one step when every result that may be lies on an operand: no plan
    /// for this order of steps is smaller.
    pub lower_bound_bytes: u32,
    /// Whether `arena_bytes` is the bound, or no smaller arena exists with the chosen in-place
    /// results.
    pub proven_optimal: bool,
    /// The step at which the bound is reached.
    pub peak_step: usize,
}

impl fmt::Display for Plan {
    /// `arena 1024 bytes, the fewest possible (step 3)`, or how far from it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            arena_bytes,
            lower_bound_bytes,
            peak_step,
            ..
        } = self;
        write!(f, "arena {arena_bytes} bytes, ")?;
        if arena_bytes == lower_bound_bytes {
            return write!(f, "the fewest possible (step {peak_step})");
        }
        let gap = arena_bytes.saturating_sub(*lower_bound_bytes);
        if self.proven_optimal {
            f.write_str("the fewest possible with these results in place, ")?;
        }
        write!(f, "{gap} over the bytes that live at step {peak_step}")
    }
}

/// Largest arena, more than any Cortex-M's memory: 64 MiB. A file of a few bytes can ask for any, and
/// the checker's map takes sixteen bytes for each of the arena's.
const MAX_ARENA_BYTES: u64 = 64 << 20;

/// Most bytes of all buffers together: 1 GiB. The checker takes note of each of them.
const MAX_BUFFER_BYTES: u64 = 1 << 30;

/// Why there is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The arena is larger than any memory, or all buffers together are.
    #[error(
        "the activations need an arena of more than {} MiB, or {} MiB in all; use a smaller network or \
         input",
        MAX_ARENA_BYTES >> 20,
        MAX_BUFFER_BYTES >> 20
    )]
    TooLarge,
}

/// Plans a program. The same program gives the same plan on every machine.
///
/// With and without results in place: greedy packings in several orders; where the bound is not
/// met, a local search from the best of them and, when there are few buffers, an exact one.
///
/// # Errors
/// [`PlanError::TooLarge`].
pub fn plan(program: &Program) -> Result<Plan, PlanError> {
    let buffers = program.buffers.iter().map(|buffer| u64::from(buffer.bytes));
    if buffers.fold(0, u64::saturating_add) > MAX_BUFFER_BYTES {
        return Err(PlanError::TooLarge);
    }
    // Merging wherever possible gives the fewest live bytes at every step.
    let (bound, peak_time) = live_peak(&blocks(program, Merge::First)?.blocks);
    let mut best: Option<Candidate> = None;
    for merge in [Merge::First, Merge::Last, Merge::Never] {
        if best.as_ref().is_some_and(|best| best.bytes == bound) {
            break;
        }
        let found = candidate(program, merge)?;
        if best.as_ref().is_none_or(|best| found.bytes < best.bytes) {
            best = Some(found);
        }
    }
    let best = best.expect("there are ways to merge");
    if best.bytes > MAX_ARENA_BYTES {
        return Err(PlanError::TooLarge);
    }
    let arena_bytes = u32::try_from(best.bytes).map_err(|_| PlanError::TooLarge)?;
    let offsets = best
        .offsets
        .iter()
        .map(|&offset| u32::try_from(offset).map_err(|_| PlanError::TooLarge));
    Ok(Plan {
        offsets: offsets.collect::<Result<_, _>>()?,
        arena_bytes,
        lower_bound_bytes: u32::try_from(bound).map_err(|_| PlanError::TooLarge)?,
        proven_optimal: best.is_smallest || best.bytes == bound,
        peak_step: peak_time
            .saturating_sub(1)
            .min(program.steps.len().saturating_sub(1)),
    })
}

/// Offsets by buffer, for one way to merge.
struct Candidate {
    offsets: Vec<u64>,
    bytes: u64,
    is_smallest: bool,
}

fn candidate(program: &Program, merge: Merge) -> Result<Candidate, PlanError> {
    let merged = blocks(program, merge)?;
    let (live, _) = live_peak(&merged.blocks);
    let (order, mut packing) = greedy(&merged.blocks);
    if packing.bytes > live {
        packing = climb(&merged.blocks, order, live);
    }
    let mut is_smallest = packing.bytes == live;
    if !is_smallest && merged.blocks.len() <= EXACT_BLOCKS {
        let found = search(&merged.blocks, packing, live, EXACT_NODES);
        packing = found.best;
        is_smallest = found.is_smallest;
    }
    let offsets = merged.of_buffer.iter().map(|&block| packing.offsets[block]);
    Ok(Candidate {
        offsets: offsets.collect(),
        bytes: packing.bytes,
        is_smallest,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Random, disjoint, random_program, run};
    use super::super::{ALIGNMENT_BYTES, Buffer, Chase, Kernel, Place, Step, Write, check};
    use super::*;
    use crate::ir::ValueId;

    #[test]
    fn random_programs_get_sound_plans() {
        let mut random = Random::new(1);
        let (mut proven, mut at_bound) = (0, 0);
        const PROGRAMS: usize = 3000;
        for round in 0..PROGRAMS {
            let program = random_program(&mut random, [10, 20, 40][round % 3]);
            let plan = plan(&program).unwrap();
            check(&program, &plan)
                .unwrap_or_else(|error| panic!("{error}\n{program:#?}\n{plan:?}"));
            let apart = disjoint(&program);
            check(&program, &apart).unwrap();
            assert!(plan.arena_bytes >= plan.lower_bound_bytes);
            assert!(plan.arena_bytes <= apart.arena_bytes);
            assert!(plan.peak_step < program.steps.len());
            assert_eq!(run(&program, &plan), run(&program, &apart), "{program:#?}");
            if round % 20 == 0 {
                assert_eq!(plan, super::plan(&program).unwrap());
            }
            proven += usize::from(plan.proven_optimal);
            at_bound += usize::from(plan.arena_bytes == plan.lower_bound_bytes);
        }
        println!("{PROGRAMS} programs: {at_bound} at the bound, {proven} proven");
        assert!(proven * 1000 >= PROGRAMS * 995, "only {proven} proven");
    }

    /// A chain of steps over buffers of these lengths.
    fn chain(bytes: &[u32], in_place: &[usize]) -> Program {
        let place = |buffer: usize| Place {
            buffer,
            offset: 0,
            bytes: bytes[buffer],
        };
        let step = |index: usize| Step {
            layer: 0,
            kernel: Kernel::Copy {
                value: ValueId::from_index(0),
            },
            reads: vec![place(index)],
            write: Write::whole(place(index + 1)),
            in_place: in_place
                .iter()
                .filter(|&&at| at == index)
                .map(|_| 0)
                .collect(),
            chase: None,
            scratch: None,
        };
        Program {
            buffers: bytes
                .iter()
                .map(|&bytes| Buffer {
                    name: "b".to_owned(),
                    bytes,
                })
                .collect(),
            homes: Vec::new(),
            inputs: vec![place(0)],
            outputs: vec![place(bytes.len() - 1)],
            states: Vec::new(),
            steps: (0..bytes.len() - 1).map(step).collect(),
            layers: vec!["layer".to_owned()],
        }
    }

    #[test]
    fn a_chain_needs_its_largest_neighbours() {
        let found = plan(&chain(&[100, 40, 60, 90, 10], &[])).unwrap();
        assert_eq!((found.arena_bytes, found.lower_bound_bytes), (152, 152));
        assert!(found.proven_optimal);
        assert_eq!(found.peak_step, 2);
        let text = "arena 152 bytes, the fewest possible (step 2)";
        assert_eq!(found.to_string(), text);
    }

    #[test]
    fn results_in_place_cost_nothing() {
        let found = plan(&chain(&[50, 50, 50, 8], &[0, 1])).unwrap();
        assert_eq!(found.arena_bytes, 60);
        assert_eq!(found.offsets[0], found.offsets[2]);
        assert_eq!(found.peak_step, 2);
    }

    #[test]
    fn a_result_that_runs_after_its_operand_lies_under_it() {
        let mut program = chain(&[64, 128, 96, 8], &[]);
        let chase = |lag_bytes| Some(Chase { read: 0, lag_bytes });
        program.steps[0].chase = chase(62);
        program.steps[1].chase = chase(8);
        let found = plan(&program).unwrap();
        assert_eq!((found.arena_bytes, found.lower_bound_bytes), (136, 136));
        assert_eq!(found.offsets[..3], [72, 8, 0]);
        assert_eq!(found.peak_step, 1);
        // Not if somebody else still needs the operand, or the step reads it in another way too.
        program.outputs.push(program.inputs[0]);
        assert_eq!(plan(&program).unwrap().arena_bytes, 192 + 8);
        program.outputs.pop();
        let read = program.steps[0].reads[0];
        program.steps[0].reads.push(read);
        assert_eq!(plan(&program).unwrap().arena_bytes, 192);
    }

    #[test]
    fn too_large_an_arena_is_refused() {
        for bytes in [
            &[u32::MAX, 4][..],
            &[3 << 30, 2 << 30],
            &[32 << 20, 33 << 20],
        ] {
            assert_eq!(plan(&chain(bytes, &[])), Err(PlanError::TooLarge));
        }
        // Each step's fits, but there are many of them.
        let many = [16 << 20; 65];
        assert_eq!(plan(&chain(&many, &[])), Err(PlanError::TooLarge));
        assert!(plan(&chain(&[32 << 20, 32 << 20], &[])).is_ok());
    }

    #[test]
    fn offsets_are_aligned() {
        let found = plan(&chain(&[1, 2, 3, 5, 7], &[])).unwrap();
        assert!(
            found
                .offsets
                .iter()
                .all(|offset| offset % ALIGNMENT_BYTES == 0)
        );
        check(&chain(&[1, 2, 3, 5, 7], &[]), &found).unwrap();
    }
}
