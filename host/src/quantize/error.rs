//! What can be wrong with a graph that is to be quantized.

use thiserror::Error;

/// Why a graph could not be quantized.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum QuantizeError {
    /// An operator that has no integer form.
    #[error("node `{node}` is {op}, which has no integer form: run the simplifying passes first")]
    NotSimplified {
        /// The node.
        node: String,
        /// Its operator.
        op: &'static str,
    },
    /// A constant where only an activation can be.
    #[error(
        "node `{node}` reads the constant `{value}` where an activation is expected: run the \
         constant folding pass first, or remove the node from the model"
    )]
    ConstantInput {
        /// The node.
        node: String,
        /// The constant.
        value: String,
    },
    /// An activation where weights are expected.
    #[error(
        "node `{node}` takes its weights or bias from `{value}`, which is computed: only constant \
         weights are supported"
    )]
    ComputedWeights {
        /// The node.
        node: String,
        /// The activation.
        value: String,
    },
    /// No range was given.
    #[error("there is no range for value `{value}`: calibrate the graph as it is now")]
    MissingRange {
        /// The value.
        value: String,
    },
    /// A value without a scale in a model that is quantized otherwise.
    #[error(
        "`{value}` is computed in float: no QuantizeLinear behind it says its scale; quantize the whole \
         network, or import the float model"
    )]
    Unscaled {
        /// The value.
        value: String,
    },
    /// Weights that the model's scales do not describe.
    #[error(
        "the weights of node `{node}` are no int8 multiples of their scales: quantize them \
         symmetrically (zero point 0, or 128 in uint8), per tensor or per output channel"
    )]
    OffGrid {
        /// The node.
        node: String,
    },
    /// A constant, or the border of a pad, with an infinite or undefined element.
    #[error(
        "`{value}` holds an element that is not a finite number, which no scale can represent: \
         repair the model"
    )]
    NonFinite {
        /// The constant, or the output of the pad.
        value: String,
    },
    /// A pad whose border its scale cannot represent.
    #[error(
        "node `{node}` pads the output of a softmax, sigmoid or tanh with {value}, which is beyond \
         the function's own range: pad with a value within it"
    )]
    Border {
        /// The node.
        node: String,
        /// Value of the border.
        value: f32,
    },
    /// A dilated average pool.
    #[error(
        "node `{node}` is an average pool with dilation {dilation:?}: only dilation 1 is supported"
    )]
    DilatedAverage {
        /// The node.
        node: String,
        /// Its dilation, rows and columns.
        dilation: [usize; 2],
    },
    /// An output range that is far too small for what the node computes.
    #[error(
        "node `{node}` computes values up to {ratio:.1e} steps of its output's scale, more than 32 \
         bits hold: its calibrated range is far too small, so calibrate with other or more samples \
         or with the method minmax"
    )]
    OutputTooFine {
        /// The node.
        node: String,
        /// Largest value over the output's scale.
        ratio: f64,
    },
}
