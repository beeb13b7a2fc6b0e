//! Models of a set of operators: each operator alone runs its own programs, to the same bytes, and no
//! other's.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a helper that several tests share"
)]

mod programs;

use tiivis_runtime::{
    Aligned, All, Fault, Int16Kind, Model, OpKind, OpSet, Operators, ParseError, flatten,
    flatten_mut,
};

/// Every operator of the programs; a program of another fails the test.
const KINDS: [OpKind; 48] = [
    OpKind::Conv2d,
    OpKind::DepthwiseConv2d,
    OpKind::Dense,
    OpKind::MaxPool2d,
    OpKind::AvgPool2d,
    OpKind::Add,
    OpKind::Sub,
    OpKind::Mul,
    OpKind::Concat,
    OpKind::Pad,
    OpKind::Softmax,
    OpKind::Lut,
    OpKind::Requantize,
    OpKind::Transpose,
    OpKind::TransposeConv2d,
    OpKind::MatMul,
    OpKind::Take,
    OpKind::Extreme,
    OpKind::SquaredDifference,
    OpKind::Div,
    OpKind::Compare,
    OpKind::Select,
    OpKind::Prelu,
    OpKind::Reduce,
    OpKind::ArgExtreme,
    OpKind::ResizeBilinear,
    OpKind::L2Normalize,
    OpKind::LogSoftmax,
    OpKind::Svdf,
    OpKind::Lstm,
    OpKind::Arithmetic,
    OpKind::Choose,
    OpKind::Convert,
    OpKind::Gather,
    OpKind::CumSum,
    OpKind::Int16(Int16Kind::Conv2d),
    OpKind::Int16(Int16Kind::TransposeConv2d),
    OpKind::Int16(Int16Kind::AvgPool2d),
    OpKind::Int16(Int16Kind::Add),
    OpKind::Int16(Int16Kind::Mul),
    OpKind::Int16(Int16Kind::MatMul),
    OpKind::Int16(Int16Kind::Reduce),
    OpKind::Int16(Int16Kind::Pad),
    OpKind::Int16(Int16Kind::Slopes),
    OpKind::Int16(Int16Kind::Tanh),
    OpKind::Int16(Int16Kind::Softmax),
    OpKind::Int16(Int16Kind::Logistic),
    OpKind::WinogradConv2d,
];

/// One operator, and front-ends.
#[derive(Clone, Copy, Debug)]
struct Only<const N: usize>;

impl<const N: usize> Operators for Only<N> {
    const SET: OpSet = OpSet::of(&[KINDS[N]]).with_frontends();
}

/// All bytes of the arena after a run on real zeros, or why there is none.
fn run<O: Operators>(blob: &[u8]) -> Result<Vec<i8>, ParseError> {
    let storage = programs::storage(blob);
    let model = Model::parse_with::<O>(&flatten(&storage)[..blob.len()])?;
    let mut arena = vec![Aligned([7i8; 16]); model.arena_bytes().div_ceil(16)];
    let mut session = model.session(flatten_mut(&mut arena)).expect("fits");
    session.run();
    Ok(session.arena().to_vec())
}

fn kinds(blob: &[u8]) -> Vec<OpKind> {
    let storage = programs::storage(blob);
    let model = Model::parse(&flatten(&storage)[..blob.len()]).expect("valid");
    model.steps().map(|step| step.op.kind()).collect()
}

fn check<const N: usize>() {
    for (name, blob) in programs::all() {
        let kinds = kinds(&blob);
        for kind in &kinds {
            assert!(KINDS.contains(kind), "{name}: {kind:?} is not in the list");
        }
        let found = run::<Only<N>>(&blob);
        match (0..).zip(&kinds).find(|(_, kind)| **kind != KINDS[N]) {
            None => assert_eq!(found, run::<All>(&blob), "{name}"),
            Some((index, &kind)) => {
                let fault = Fault::Unlinked(kind);
                assert_eq!(found, Err(ParseError::Step { index, fault }), "{name}");
            }
        }
    }
}

macro_rules! check_each {
    ($($n:literal)*) => { $(check::<$n>();)* };
}

#[test]
fn an_operator_alone_runs_its_programs_and_no_other() {
    check_each!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33
        34 35 36 37 38 39 40 41 42 43 44 45 46 47
    );
}

#[test]
fn what_is_left_out_is_named() {
    #[derive(Clone, Copy, Debug)]
    enum Lut {}
    impl Operators for Lut {
        const SET: OpSet = OpSet::of(&[OpKind::Lut]);
    }
    let said = |blob: &[u8]| run::<Lut>(blob).expect_err("refused").to_string();
    assert_eq!(
        said(&programs::softmax()),
        "step 0 is wrong, the operator is not linked into this program: Softmax"
    );
    assert_eq!(
        said(&programs::tanh()),
        "step 0 is wrong, the operator is not linked into this program: Tanh of int16"
    );
    assert_eq!(
        said(&programs::frontend_micro()),
        "front-end 0 is wrong, front-ends are not linked into this program"
    );
    assert!(Lut::SET.has(OpKind::Lut) && !Lut::SET.has(OpKind::Add));
    assert!(!Lut::SET.has(OpKind::Int16(Int16Kind::Add)) && !Lut::SET.has_frontends());
    assert!(OpSet::ALL.has(OpKind::Int16(Int16Kind::Add)));
}
