//! Compiles one component, from standard input to standard output, without privileges; see
//! [`hostwright_runtime::compiler`].

fn main() -> std::process::ExitCode {
    hostwright_runtime::compiler::helper::main()
}
