//! The list of passes and what runs it.

use super::error::PassError;
use super::{
    absorb_transposes, fold_affine, fold_constants, fold_pads, fuse_clamps, fuse_unary,
    lower_affine, remove_channels, remove_identities,
};
use crate::ir::{self, Graph};

/// A rewriting of the graph that keeps its function.
///
/// Idempotent: a second run in a row changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Name, as in `--dump-after NAME` and in the [`Report`].
    pub name: &'static str,
    /// Rewrites a graph that [`ir::verify`] accepts wherever it can, and returns how often it did.
    pub run: fn(&mut Graph) -> usize,
}

/// The lossless passes, in the order in which a round runs them.
pub const PIPELINE: &[Pass] = &[
    // First, so that the patterns below are not hidden behind operators that do nothing, or behind
    // weights that are computed.
    remove_identities::PASS,
    fold_constants::PASS,
    fold_pads::PASS,
    absorb_transposes::PASS,
    // Before affine operators go into layers, which would hide parts of a function.
    fuse_unary::PASS,
    // Before clamps are fused: an affine operator cannot pass a clamp.
    fold_affine::PASS,
    // After folding, which would rather have the operator gone; before clamps are fused, so that
    // there is a convolution for them to go into.
    lower_affine::PASS,
    fuse_clamps::PASS,
    // After clamps are fused, which make channels constant.
    remove_channels::PASS,
];

/// Rounds after which passes that still change something must be undoing each other's work.
const MAX_ROUNDS: usize = 50;

/// What the passes did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rounds through the list, the last of which changed nothing.
    pub rounds: usize,
    /// For every pass of [`PIPELINE`], in order: its name and the number of its rewritings.
    pub rewritings: Vec<(&'static str, usize)>,
}

/// Drops what no output needs, then runs [`PIPELINE`] on the graph until nothing changes. `observe` is called after every run of a
/// pass with its name and the graph as it then is. Value ids change. The graph must be one that
/// [`ir::verify`] accepts.
///
/// # Errors
/// Only for defects of a pass. The graph is then as the last pass left it.
pub fn simplify(
    graph: &mut Graph,
    observe: &mut dyn FnMut(&'static str, &Graph),
) -> Result<Report, PassError> {
    run(PIPELINE, graph, observe)
}

fn run(
    passes: &[Pass],
    graph: &mut Graph,
    observe: &mut dyn FnMut(&'static str, &Graph),
) -> Result<Report, PassError> {
    graph.compact();
    let mut report = Report {
        rounds: 0,
        rewritings: passes.iter().map(|pass| (pass.name, 0)).collect(),
    };
    loop {
        let mut last_change = None;
        for (pass, (_, total)) in passes.iter().zip(&mut report.rewritings) {
            let count = (pass.run)(graph);
            ir::verify(graph).map_err(|source| PassError::Broken {
                pass: pass.name,
                source: Box::new(source),
            })?;
            observe(pass.name, graph);
            *total += count;
            if count > 0 {
                last_change = Some(pass.name);
            }
        }
        report.rounds += 1;
        match last_change {
            None => return Ok(report),
            Some(pass) if report.rounds == MAX_ROUNDS => {
                return Err(PassError::Unsettled {
                    pass,
                    rounds: MAX_ROUNDS,
                });
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Activation, Clamp, Op};
    use crate::passes::oracle::{Builder, assert_same_function, random_network, window};

    /// A network as exporters write them: normalizations, pads and activations apart, dropout and
    /// identities between, a residual block.
    fn exported(seed: u64) -> Builder {
        let mut b = Builder::new(seed);
        let x = b.input(&[1, 8, 8, 3]);
        let scale = b.constant(&[], vec![0.5]);
        let mut y = b.node(Op::Mul { clamp: None }, &[x, scale]);
        y = b.pad(y, 1, 0.0);
        y = b.conv(y, 8, window(3, 2, 0), 1, None);
        y = b.batch_norm(y);
        let block = b.relu(y);
        y = b.conv(block, 8, window(3, 1, 1), 8, None);
        y = b.batch_norm(y);
        y = b.node(
            Op::Activation(Activation::Clamp(Clamp { min: 0.0, max: 6.0 })),
            &[y],
        );
        y = b.conv(y, 8, window(1, 1, 0), 1, None);
        y = b.batch_norm(y);
        y = b.node(Op::Add { clamp: None }, &[y, block]);
        y = b.batch_norm(y);
        y = b.relu(y);
        y = b.max_pool(y, window(2, 2, 0));
        y = b.node(Op::Identity, &[y]);
        let len = b.graph.shape(y).iter().product();
        let shape = vec![1, len];
        y = b.node(Op::Reshape { shape }, &[y]);
        y = b.dense(y, 10, None);
        y = b.relu(y);
        y = b.node(Op::Identity, &[y]);
        y = b.dense(y, 4, None);
        y = b.node(Op::Softmax, &[y]);
        b.output(y);
        b
    }

    #[test]
    fn an_exported_network_shrinks_to_its_layers() {
        let b = exported(1);
        let mut graph = b.graph.clone();
        let mut seen = Vec::new();
        let report = simplify(&mut graph, &mut |name, _| seen.push(name)).unwrap();
        assert_same_function(&b.graph, &graph, 2);
        // Three layers, the sum with its normalization, pool, reshape, two layers, softmax.
        assert_eq!(graph.nodes.len(), 10);
        assert_eq!(seen.len(), report.rounds * PIPELINE.len());
        assert_eq!(seen[..2], ["remove-identities", "fold-constants"]);
        let of = |name: &str| {
            report
                .rewritings
                .iter()
                .find(|(pass, _)| *pass == name)
                .unwrap()
                .1
        };
        assert_eq!(of("remove-identities"), 2);
        assert_eq!(of("fold-pads"), 1);
        assert_eq!(of("fold-affine"), 4);
        assert_eq!(of("lower-affine"), 1);
        let again = simplify(&mut graph, &mut |_, _| {}).unwrap();
        assert_eq!(again.rounds, 1);
    }

    #[test]
    fn random_networks_keep_their_function_and_settle() {
        let mut removed = 0;
        for seed in 0..300 {
            let b = random_network(seed);
            crate::ir::verify(&b.graph).unwrap();
            let mut graph = b.graph.clone();
            let report = simplify(&mut graph, &mut |name, graph| {
                let mut again = graph.clone();
                let pass = PIPELINE.iter().find(|pass| pass.name == name).unwrap();
                assert_eq!(
                    (pass.run)(&mut again),
                    0,
                    "{name} is not idempotent, seed {seed}"
                );
            });
            removed += report.unwrap().rewritings[6].1;
            assert_same_function(&b.graph, &graph, seed);
            let left = |op: fn(&Op) -> bool| graph.nodes.iter().filter(|node| op(&node.op)).count();
            assert_eq!(
                left(|op| matches!(op, Op::BatchNorm { .. } | Op::Identity)),
                0
            );
        }
        assert!(removed > 100, "{removed}");
    }

    #[test]
    fn a_broken_pass_and_an_endless_one_are_named() {
        let broken = Pass {
            name: "broken",
            run: |graph| {
                graph.nodes.rotate_left(1);
                1
            },
        };
        let endless = Pass {
            name: "endless",
            run: |_| 1,
        };
        let mut b = Builder::new(3);
        let x = b.input(&[1, 3]);
        let y = b.relu(x);
        let y = b.relu(y);
        b.output(y);
        let fails = |pass: Pass| run(&[pass], &mut b.graph.clone(), &mut |_, _| {}).unwrap_err();
        assert!(matches!(
            fails(broken),
            PassError::Broken { pass: "broken", .. }
        ));
        let expected = PassError::Unsettled {
            pass: "endless",
            rounds: MAX_ROUNDS,
        };
        assert_eq!(fails(endless), expected);
    }
}
