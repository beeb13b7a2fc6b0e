//! The importer's golden cases, taken the whole way.

use crate::way::{models, repository, sqnr, walk};
use std::collections::BTreeMap;

/// What every case reaches, in dB. Eight bits over the range of an output that is spread evenly
/// give 48; what is calibrated on other samples too, and every further layer, takes some of it.
const REQUIRED_DB: f64 = 30.0;

/// Cases that reach less, each with what it reaches and why that is all that int8 gives.
const LESS: &[(&str, f64, &str)] = &[
    (
        "composed__lp_pool_3",
        24.0,
        "cubes have a far wider range than what they are made of",
    ),
    (
        "composed__reduce_prod",
        19.0,
        "four products in a row, each with a wider range than the last",
    ),
    (
        "weighted__attention",
        27.0,
        "five products of int8 tensors in a row, each rounded",
    ),
    (
        "element__equal_of_floors",
        0.0,
        "equality of integers that are rounded to two scales",
    ),
    (
        "element__torch_celu_4d_opset20",
        28.0,
        "a convolution's output is rounded in front of the table",
    ),
    (
        "element__torch_hardshrink_4d_opset13",
        24.0,
        "a convolution's output is rounded in front of a jump",
    ),
    (
        "element__torch_hardshrink_4d_opset20",
        25.0,
        "a convolution's output is rounded in front of a jump",
    ),
    (
        "element__torch_mish_4d_opset20",
        24.0,
        "a convolution's output is rounded in front of the table",
    ),
    (
        "element__torch_silu_4d_opset20",
        29.0,
        "a convolution's output is rounded in front of the table",
    ),
    (
        "element__torch_tanhshrink_4d_opset17",
        29.0,
        "a convolution's output is rounded in front of the table",
    ),
    (
        "recurrent__lstm_activations_more",
        15.0,
        "the state is rounded at every step, and what is shown of the cell is small",
    ),
    (
        "recurrent__rnn_activations",
        12.0,
        "the state is rounded in front of a jump",
    ),
];

/// Families in which cases reach less, by the start of their names: what each reaches and why.
const LESS_FAMILIES: &[(&str, f64, &str)] = &[(
    "recurrent__",
    20.0,
    "the state is rounded to eight bits at every step",
)];

/// Cases whose functions jump: which side of a jump a number lies on is decided by its rounding, so
/// they are compared with the float network on the inputs as int8 holds them.
const JUMPING: &[&str] = &[
    "element__greaterorequal_map",
    "element__round",
    "element__shrink",
    "element__where_channel",
    "element__where_constant_condition",
    "element__where_map",
    "element__where_mask_fill",
    "element__where_numbers",
    "element__where_opset9",
    "element__where_vector",
    "composed__arg_max_channels",
    "composed__arg_max_last_opset12",
    "composed__arg_max_opset7",
    "composed__arg_min_rows",
];

/// Cases in which elements have to move: heads of an attention are taken apart, channels become
/// pixels or the other way round, elements are picked one by one in the source's order.
const MOVING: &[&str] = &[
    "moves__channel_shuffle",
    "moves__depth_to_space_crd",
    "moves__depth_to_space_dcr",
    "moves__depth_to_space_opset7",
    "moves__gather_elements",
    "moves__gather_nd",
    "moves__gather_nd_batched",
    "moves__pixel_shuffle",
    "moves__space_to_depth",
    "weighted__attention",
];

/// Cases that are imported and cannot be compiled, each with what the error says.
const REFUSED: &[(&str, &str)] = &[
    ("composed__hardmax", "int32"),
    ("composed__hardmax_opset11", "int32"),
];

/// What a case reaches that is no exception.
fn of_family(name: &str) -> f64 {
    let mut families = LESS_FAMILIES.iter();
    families
        .find(|(start, ..)| name.starts_with(start))
        .map_or(REQUIRED_DB, |&(_, db, _)| db)
}

#[test]
fn every_case_compiles_to_integers_close_to_onnx_runtime() {
    let less: BTreeMap<_, _> = LESS.iter().map(|&(name, db, _)| (name, db)).collect();
    let refused: BTreeMap<_, _> = REFUSED.iter().copied().collect();
    let cases = models(&repository().join("tests/golden/onnx_ops"));
    assert!(cases.len() >= 216, "the suite is there");
    let (mut failures, mut worst) = (Vec::new(), f64::INFINITY);
    for case in &cases {
        let name = case.name.as_str();
        match (walk(case), refused.get(name)) {
            (Ok(arrived), None) => {
                let expected = if JUMPING.contains(&name) {
                    &arrived.of_rounded
                } else {
                    &case.arrays
                };
                let found = sqnr(&arrived.simplified, &arrived.integer, expected);
                let required = less.get(name).copied().unwrap_or(of_family(name));
                worst = worst.min(found);
                if found < required {
                    failures.push(format!("{name}: {found:.1} dB, {required} dB are required"));
                }
                if arrived.transposes() > 0 && !MOVING.contains(&name) {
                    failures.push(format!("{name}: elements are moved"));
                }
                if less.contains_key(name) && found >= REQUIRED_DB {
                    failures.push(format!("{name} is no exception: {found:.1} dB"));
                }
            }
            (Err(refusal), Some(reason)) if refusal.to_string().contains(reason) => {}
            (Err(refusal), _) => failures.push(format!("{name}: {refusal}")),
            (Ok(_), Some(_)) => failures.push(format!("{name} compiles and is listed as refused")),
        }
    }
    println!("{} cases, worst {worst:.1} dB", cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
