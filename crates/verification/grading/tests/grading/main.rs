//! Tests of the judge with complete programs, run as processes.

mod clients;
mod languages;
mod libraries;
mod pages;
mod programs;
mod steps;
