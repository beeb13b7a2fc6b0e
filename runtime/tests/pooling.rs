//! Pooling against the list of a window's values.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "small numbers, and an oracle that several tests share"
)]

mod oracle;

use oracle::{NOWHERE, Random, grid, tap, window};
use tiivis_runtime::blob::*;
use tiivis_runtime::kernels;

/// The valid values of every window, channel by channel, in the order of the output.
fn windows(p: &Pool2d, input: &[i8]) -> Vec<Vec<i8>> {
    let w = &p.window;
    let channels = p.channels as usize;
    grid(w.out_h, w.out_w)
        .flat_map(|(y, x)| {
            (0..channels).map(move |c| {
                grid(w.kernel_h, w.kernel_w)
                    .filter_map(|(i, j)| Some(input[tap(w, y, x, i, j)? * channels + c]))
                    .collect()
            })
        })
        .collect()
}

/// Calls `check` with random pools, inputs and windows of which none is empty.
fn cases(seed: u64, dilated: bool, check: impl Fn(&Pool2d, &[i8], Vec<Vec<i8>>)) {
    let mut random = Random::new(seed);
    let mut checked = 0;
    while checked < 400 {
        let mut window = window(&mut random);
        if !dilated {
            (window.dilation_h, window.dilation_w) = (1, 1);
        }
        let (a, b) = (random.int8(), random.int8());
        let wide = checked % 2 == 0;
        let p = Pool2d {
            input: NOWHERE,
            output: NOWHERE,
            window,
            channels: random.extent(1, 9),
            min: if wide { -128 } else { a.min(b).into() },
            max: if wide { 127 } else { a.max(b).into() },
            ties_up: random.range(0, 2) == 1,
        };
        let input = random.values(window.in_h * window.in_w * p.channels);
        let windows = windows(&p, &input);
        if windows.iter().all(|values| !values.is_empty()) {
            check(&p, &input, windows);
            checked += 1;
        }
    }
}

#[test]
fn the_largest_valid_value_wins() {
    cases(4, true, |p, input, windows| {
        let expected: Vec<i8> = windows
            .iter()
            .map(|values| *values.iter().max().expect("not empty"))
            .map(|largest| i16::from(largest).clamp(p.min, p.max) as i8)
            .collect();
        let mut output = vec![55; expected.len()];
        kernels::max_pool2d(p, input, &mut output);
        assert_eq!(output, expected, "{p:?}");
    });
}

#[test]
fn the_mean_of_the_valid_values_rounds_half_up_or_away_from_zero() {
    cases(5, false, |p, input, windows| {
        let expected: Vec<i8> = windows
            .iter()
            .map(|values| {
                let sum: i32 = values.iter().map(|&x| i32::from(x)).sum();
                // Exact in f64 wherever it could be a half.
                let mean = f64::from(sum) / values.len() as f64;
                let mean = if p.ties_up {
                    (mean + 0.5).floor()
                } else {
                    mean.round()
                };
                (mean as i16).clamp(p.min, p.max) as i8
            })
            .collect();
        let mut output = vec![55; expected.len()];
        kernels::avg_pool2d(p, input, &mut output);
        assert_eq!(output, expected, "{p:?}");
    });
}
