//! The operators, a file for each family, and the table that names them.

mod activation;
mod align;
mod binary;
mod blocks;
mod cast;
mod choice;
mod compose;
mod concat;
mod constant;
mod conv;
mod conv_transpose;
mod dense;
mod fold;
mod fold_choice;
mod generate;
mod lp_pool;
mod mat_mul;
mod norm;
mod normalize;
mod pad;
mod pick;
mod pool;
mod prelu;
mod quantized;
mod recurrent;
mod reduce;
mod repeat;
mod resample;
mod resize;
mod shape;
mod softmax;
mod table;
mod take;
mod triangle;
mod unary;
mod volume;
mod window;

pub(super) use table::{
    RUNTIME_DOMAIN, Row, nearest, nearest_of_runtime, row_of, rows, runtime_row_of,
};
