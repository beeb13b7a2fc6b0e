//! Axis order: the source model's outside, NHWC inside.

/// Copies `source`, a row-major tensor of `shape`, with its axes permuted: axis `i` of the result
/// is axis `perm[i]` of the source.
///
/// # Panics
/// If `perm` is no permutation of the axes or `source` does not fill `shape`.
pub fn permute<T: Copy>(source: &[T], shape: &[usize], perm: &[usize]) -> Vec<T> {
    assert_eq!(
        shape.iter().product::<usize>(),
        source.len(),
        "elements fill the shape"
    );
    assert_eq!(shape.len(), perm.len(), "one entry per axis");
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    let mut result = Vec::with_capacity(source.len());
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    for _ in 0..source.len() {
        result.push(source[at]);
        for axis in (0..shape.len()).rev() {
            let from = perm[axis];
            index[axis] += 1;
            at += strides[from];
            if index[axis] < shape[from] {
                break;
            }
            at -= strides[from] * shape[from];
            index[axis] = 0;
        }
    }
    result
}

/// The permutation that undoes `perm`.
pub fn inverse(perm: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; perm.len()];
    for (to, &from) in perm.iter().enumerate() {
        inverse[from] = to;
    }
    inverse
}

/// Brings one sample from the source model's axis order (axis `i` is internal axis
/// `source_axes[i]`) into the internal order. `shape` is internal, batch included.
pub fn to_internal<T: Copy>(sample: &[T], shape: &[usize], source_axes: &[usize]) -> Vec<T> {
    let source_shape: Vec<_> = source_axes.iter().map(|&axis| shape[axis]).collect();
    permute(sample, &source_shape, &inverse(source_axes))
}

/// Brings one sample from the internal order into the source model's.
pub fn to_source<T: Copy>(sample: &[T], shape: &[usize], source_axes: &[usize]) -> Vec<T> {
    permute(sample, shape, source_axes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nchw_becomes_nhwc_and_back() {
        // 1 × 2 channels × 1 row × 3 columns.
        let nchw = [1, 2, 3, 10, 20, 30];
        let (shape, axes) = ([1, 1, 3, 2], [0, 3, 1, 2]);
        let nhwc = to_internal(&nchw, &shape, &axes);
        assert_eq!(nhwc, [1, 10, 2, 20, 3, 30]);
        assert_eq!(to_source(&nhwc, &shape, &axes), nchw);
    }

    #[test]
    fn a_permutation_of_four_axes_matches_index_arithmetic() {
        let shape = [2, 3, 4, 5];
        let source: Vec<usize> = (0..120).collect();
        let perm = [2, 0, 3, 1];
        let result = permute(&source, &shape, &perm);
        let mut expected = Vec::new();
        for a in 0..4 {
            for b in 0..2 {
                for c in 0..5 {
                    for d in 0..3 {
                        expected.push(((b * 3 + d) * 4 + a) * 5 + c);
                    }
                }
            }
        }
        assert_eq!(result, expected);
        let shape: Vec<_> = perm.iter().map(|&axis| shape[axis]).collect();
        assert_eq!(permute(&result, &shape, &inverse(&perm)), source);
    }
}
