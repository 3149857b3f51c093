//! Tests of the judge with whole programs, as processes.

mod clients;
mod languages;
mod libraries;
mod pages;
mod programs;
mod steps;
