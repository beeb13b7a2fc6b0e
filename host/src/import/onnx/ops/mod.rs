//! The operators, a file for each family, and the table that names them.

mod activation;
mod align;
mod binary;
mod choice;
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
mod quantized;
mod shape;
mod softmax;
mod table;
mod unary;
mod window;

pub(super) use table::{
    RUNTIME_DOMAIN, Row, nearest, nearest_of_runtime, row_of, rows, runtime_row_of,
};
