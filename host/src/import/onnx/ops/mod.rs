//! The operators, a file for each family, and the table that names them.

mod activation;
mod align;
mod binary;
mod concat;
mod constant;
mod conv;
mod conv_transpose;
mod dense;
mod fold;
mod mat_mul;
mod norm;
mod pad;
mod pick;
mod pool;
mod prelu;
mod shape;
mod softmax;
mod table;
mod window;

pub(super) use table::{Row, nearest, row_of};
