//! Softmax and its table against an independent transcription of gemmlowp and against real
//! exponentials.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "small numbers, and an oracle that several tests share"
)]

mod oracle;

use oracle::Random;
use tiivis_runtime::kernels;

/// Fixed-point arithmetic of gemmlowp, in 64 bits with divisions, as its comments define it.
mod fixed {
    pub fn multiply(a: i64, b: i64) -> i64 {
        let product = a * b;
        let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        ((product + nudge) / (1 << 31)).min(i32::MAX.into())
    }

    pub fn divide_by_pot(x: i64, exponent: u32) -> i64 {
        let magnitude = (x.abs() + ((1 << exponent) >> 1)) / (1 << exponent);
        x.signum() * magnitude
    }

    pub fn multiply_by_pot(x: i64, exponent: u32) -> i64 {
        (x << exponent).clamp(i32::MIN.into(), i32::MAX.into())
    }
}

/// `exp_on_negative_values` for Q5.26.
fn exp(a: i64) -> i64 {
    if a == 0 {
        return i32::MAX.into();
    }
    let quarter = 1 << 24;
    let modulo = a.rem_euclid(quarter) - quarter;
    let x = fixed::multiply_by_pot(modulo, 5) + (1 << 28);
    let x2 = fixed::multiply(x, x);
    let x3 = fixed::multiply(x2, x);
    let x4 = fixed::multiply(x2, x2);
    let sum = fixed::multiply(fixed::divide_by_pot(x4, 2) + x3, 715_827_883) + x2;
    let polynomial = x + fixed::divide_by_pot(sum, 1);
    let mut result = 1_895_147_668 + fixed::multiply(1_895_147_668, polynomial);
    let remainder = modulo - a;
    // exp(-2^k) for k = -2 ..= 4, as gemmlowp's source gives them.
    let factors = [
        1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,
    ];
    for (k, factor) in factors.into_iter().enumerate() {
        if remainder >> (24 + k) & 1 == 1 {
            result = fixed::multiply(result, factor);
        }
    }
    result
}

/// One row of TFLite's int8 softmax with exponentials computed on the way.
fn softmax(row: &[i8], multiplier: i32, left_shift: u32) -> Vec<i8> {
    let max = i64::from(*row.iter().max().expect("not empty"));
    let diff_min = -((31i64 << 26) >> left_shift);
    let exponential = |x: i8| {
        let diff = i64::from(x) - max;
        let scaled = || fixed::multiply(diff << left_shift, multiplier.into());
        (diff >= diff_min).then(|| exp(scaled()))
    };
    let sum: i64 = row
        .iter()
        .filter_map(|&x| exponential(x))
        .map(|e| fixed::divide_by_pot(e, 12))
        .sum();
    let headroom = (sum as u32).leading_zeros();
    let shifted = (sum << headroom) - (1 << 31);
    let half_denominator = (shifted + i64::from(i32::MAX) + 1) / 2;
    let mut x = 1_515_870_810 + fixed::multiply(half_denominator, -1_010_580_540);
    for _ in 0..3 {
        let one_minus = (1 << 29) - fixed::multiply(half_denominator, x);
        x += fixed::multiply_by_pot(fixed::multiply(x, one_minus), 2);
    }
    let reciprocal = fixed::multiply_by_pot(x, 1);
    row.iter()
        .map(|&x| match exponential(x) {
            Some(e) => {
                let scaled = fixed::multiply(reciprocal, e);
                let unsat = fixed::divide_by_pot(scaled, 12 - headroom + 31 - 8);
                (unsat - 128).clamp(-128, 127) as i8
            }
            None => -128,
        })
        .collect()
}

fn table(multiplier: i32, left_shift: u32) -> Vec<i32> {
    (0..=u8::MAX)
        .map_while(|d| kernels::table_entry(d, multiplier, left_shift))
        .collect()
}

/// `PreprocessSoftmaxScaling`.
fn scaling(beta_scale: f64) -> (i32, u32) {
    let real = (beta_scale * f64::from(1 << 26)).min(f64::from(i32::MAX));
    let mut shift = real.log2().floor() as i32 + 1;
    let mut multiplier = (real / 2f64.powi(shift) * 2f64.powi(31)).round() as i64;
    if multiplier == 1 << 31 {
        multiplier >>= 1;
        shift += 1;
    }
    (multiplier as i32, shift as u32)
}

const SCALES: [f64; 9] = [1e-5, 0.003, 0.05, 0.0625, 0.1234, 0.2, 0.5, 1.0, 3.7];

#[test]
fn tables_are_the_exponentials_of_gemmlowp_and_near_the_real_ones() {
    for beta_scale in SCALES {
        let (multiplier, left_shift) = scaling(beta_scale);
        let table = table(multiplier, left_shift);
        assert_eq!(table[0], i32::MAX);
        for (difference, &entry) in table.iter().enumerate() {
            let scaled = fixed::multiply(-(difference as i64) << left_shift, multiplier.into());
            assert_eq!(i64::from(entry), exp(scaled), "{beta_scale} {difference}");
            let real = (-beta_scale * difference as f64).exp();
            let error = (f64::from(entry) / 2f64.powi(31) - real).abs();
            assert!(error < 2e-6, "{beta_scale} {difference}: off by {error}");
        }
        // TFLite drops what is 31 or more below with a multiplier of nearly 1, 15.5 with one of 1/2.
        let next = table.len() as f64;
        assert!(table.len() == 256 || (-beta_scale * next).exp() < (-15.5f64).exp());
    }
}

#[test]
fn rows_equal_the_transcription_and_are_near_the_real_softmax() {
    let mut random = Random::new(9);
    for beta_scale in SCALES {
        let (multiplier, left_shift) = scaling(beta_scale);
        let table = table(multiplier, left_shift);
        for depth in [1, 2, 3, 10, 35, 200, 500] {
            for _ in 0..12 {
                let row = random.values(depth);
                let mut output = row.clone();
                kernels::softmax(&table, row.len(), &mut output);
                assert_eq!(output, softmax(&row, multiplier, left_shift), "{row:?}");
                let max = f64::from(*row.iter().max().expect("not empty"));
                let real = |x: i8| (beta_scale * (f64::from(x) - max)).exp();
                let sum: f64 = row.iter().map(|&x| real(x)).sum();
                for (&x, &q) in row.iter().zip(&output) {
                    let expected = (real(x) / sum * 256. - 128.).clamp(-128., 127.);
                    assert!((f64::from(q) - expected).abs() < 0.51, "{x} {q} {expected}");
                }
            }
        }
    }
}

#[test]
fn rows_are_independent_and_very_long_ones_do_not_overflow() {
    let (multiplier, left_shift) = scaling(0.1);
    let table = table(multiplier, left_shift);
    let mut values = vec![5, 9, -3, 127, 127, -128];
    let (first, second) = values.split_at(3);
    let expected = [
        softmax(first, multiplier, left_shift),
        softmax(second, multiplier, left_shift),
    ]
    .concat();
    kernels::softmax(&table, 3, &mut values);
    assert_eq!(values, expected);
    for depth in [512, 513, 1024, 4096, 10_000] {
        let mut values = vec![7; depth];
        kernels::softmax(&table, depth, &mut values);
        // A half of 1/256 at 512, less beyond; Q0.31 has no 1, so that the half is just missed.
        assert_eq!(values, vec![-128; depth], "{depth}");
    }
}
