//! The Tiivis compiler: takes a trained network and makes it live on a Cortex-M microcontroller.
//!
//! A model's way through the library, one direction, each arrow a module with its own error type:
//!
//! [`import`] → [`ir`] → [`passes`] → [`quantize`] → [`lower`] → [`plan`] → [`emit`] → blob.
//!
//! [`compress`] walks the whole way; [`measure`] runs models, on the host and on emulated boards;
//! [`board`] knows the boards and builds the firmware; [`data`] reads arrays and data sets;
//! [`report`] shows results; [`cli`] is the command.

#![forbid(unsafe_code)]

pub mod board;
pub mod cli;
pub mod compress;
pub mod data;
pub mod elf;
pub mod emit;
pub mod frontend;
pub mod import;
pub mod ir;
pub mod lower;
pub mod measure;
pub mod passes;
pub mod plan;
pub mod quantize;
pub mod report;
