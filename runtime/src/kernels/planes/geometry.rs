//! How a channel of an image lies in the scratch.

use crate::blob::Window2d;

/// Output columns of a strip.
const STRIP: u32 = 4;
/// Taps along each axis.
const TAPS: u32 = 3;

/// A channel in strips of four output columns. A strip has, for every row of the padded image that a tap
/// reaches, the `4 * stride + 2` values that its outputs read, and lies before the next strip: so
/// one row is after the other at a distance that no image changes. The last two values of a row are the
/// first two of the next strip's.
///
/// Rows and columns are those of the scratch: the image's, or the other way where it is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneGeometry {
    /// 1 or 2.
    pub stride: u32,
    /// Rows of padding before the image, 0 to 2.
    pub top: u32,
    /// Columns of padding before the image, 0 or 1.
    pub left: u32,
    /// Image rows that are read.
    pub rows: u32,
    /// Image columns that are read.
    pub columns: u32,
    /// Output rows.
    pub out_rows: u32,
    /// Output columns.
    pub out_columns: u32,
    /// Strips.
    pub strips: u32,
    /// Rows of a strip.
    pub scratch_rows: u32,
    /// Pixels from an image row to the next, and from a column to the next.
    pub steps: [u32; 2],
    /// Pixels from an output row to the next, and from a column to the next.
    pub out_steps: [u32; 2],
}

impl PlaneGeometry {
    /// The geometry of a window; `None` where it is not one of 3 × 3 neighbouring taps and equal strides
    /// of 1 or 2, with padding of at most one column before the image, and an image that reaches
    /// into its last strip. Every field of the window is at most [`crate::kernels::Axis::LIMIT`].
    #[must_use]
    pub fn of(window: &Window2d, is_turned: bool) -> Option<Self> {
        let w = window;
        let stride = w.stride_w;
        let fits = [w.kernel_h, w.kernel_w] == [TAPS; 2]
            && [w.dilation_h, w.dilation_w] == [1; 2]
            && w.stride_h == stride
            && (1..=2).contains(&stride);
        if !fits {
            return None;
        }
        let turn = |[rows, columns]: [u32; 2]| match is_turned {
            true => [columns, rows],
            false => [rows, columns],
        };
        let [in_rows, in_columns] = turn([w.in_h, w.in_w]);
        let [out_rows, out_columns] = turn([w.out_h, w.out_w]);
        let [top, left] = turn([w.pad_top, w.pad_left]);
        if top >= TAPS || left > 1 {
            return None;
        }
        let strips = out_columns.div_ceil(STRIP);
        let scratch_rows = (out_rows - 1) * stride + TAPS;
        let plane = Self {
            stride,
            top,
            left,
            rows: in_rows.min(scratch_rows - top),
            columns: in_columns.min(strips * STRIP * stride + 2 - left),
            out_rows,
            out_columns,
            strips,
            scratch_rows,
            steps: turn([w.in_w, 1]),
            out_steps: turn([w.out_w, 1]),
        };
        // All strips but the last are full.
        (plane.columns >= plane.head() + plane.group() * (strips - 1)).then_some(plane)
    }

    /// Image columns before those that fill a strip from its third value on.
    #[must_use]
    pub const fn head(&self) -> u32 {
        2 - self.left
    }

    /// Columns from a strip to the next.
    #[must_use]
    pub const fn group(&self) -> u32 {
        STRIP * self.stride
    }

    /// Values of a row of a strip, of int16.
    #[must_use]
    pub const fn row_len(&self) -> u32 {
        self.group() + 2
    }

    /// Bytes of scratch; `None` if they are more than 32 bits can say.
    #[must_use]
    pub fn scratch_bytes(&self) -> Option<u32> {
        let row_bytes = self.row_len() * 2;
        self.strips
            .checked_mul(self.scratch_rows)?
            .checked_mul(row_bytes)
    }
}
