//! The command `sealtune-store`: content by its root, from and to anywhere.

mod args;
mod get;
mod keep;
mod put;
mod serve;
mod show;

use args::{Args, Command};
use clap::Parser;
use show::{Failure, Show};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let show = Show::new(args.json);
    show::log(args.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(&args, &show)),
        Err(source) => Err(Failure::new("cannot start the runtime", source)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => show.failure(&failure),
    }
}

async fn run(args: &Args, show: &Show) -> Result<(), Failure> {
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => Err(Failure::stopped(stopped)),
        done = command(args, show) => done,
    }
}

async fn command(args: &Args, show: &Show) -> Result<(), Failure> {
    match &args.command {
        Command::Root { path, links } => put::root(path, *links, show),
        Command::Put { path, links, to } => put::put(args, path, *links, to, show).await,
        Command::Get {
            root,
            out,
            size,
            unpack,
            from,
        } => {
            get::get(
                &get::Wish {
                    root: *root,
                    size: *size,
                    out,
                    unpack: *unpack,
                },
                args,
                from,
                show,
            )
            .await
        }
        Command::Ls => keep::ls(args, show),
        Command::Gc { retention_days } => keep::gc(args, *retention_days, show),
        Command::Verify { roots } => keep::verify(args, roots, show),
        Command::Serve(serve) => serve::serve(args, serve, show).await,
    }
}
