//! Executes Tiivis model blobs on microcontrollers.

#![no_std]

pub mod blob;
