//! Tests of the judge with whole programs, as processes.

mod clients;
mod languages;
mod libraries;
mod programs;
mod steps;
