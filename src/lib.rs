//! API keys of IBM Cloud IAM from the command line. The library is for tests and for generating completions and man pages;
//! it is not a published API.
//!
//! CONTRIBUTING.md draws the layout.

#[cfg(not(unix))]
compile_error!(
    "ibmcloud-iam keeps keys in files that only their owner can read; that needs Unix file modes so far"
);

#[macro_use]
mod words;

pub mod cli;
pub mod clock;
pub mod complete;
pub mod credentials;
pub mod emulator;
pub mod environment;
pub mod error;
pub mod generate;
pub mod http;
pub mod joined;
pub mod journal;
pub mod log;
pub mod model;
pub mod names;
pub mod object;
pub mod ops;
pub mod private_file;
pub mod render;
pub mod secret;
pub mod session;
pub mod settings;
pub mod side_by_side;
pub mod systems;
pub mod tab;
pub mod text;
pub mod told;
pub mod topics;
pub mod ui;
pub mod usage;

use std::ffi::OsString;

use crate::cli::{
    ActArgs, Acts, ClassicCommand, Cli, Command, OfService, PlatformCommand, ServiceActArgs,
    ServiceIdCommand, ServiceKeyCommand, SlCommand, SlUserCommand, TaskCredentialCommand,
};
use crate::environment::{Environment, Program};
use crate::error::Result;
use crate::journal::Operation;
use crate::model::ServiceChoice;
use crate::ops::{service_ids, task_credentials};
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::System;
use crate::ui::Ui;

/// Runs the command line `args` and returns the exit code.
pub fn run(args: Vec<OsString>, environment: Environment) -> u8 {
    let program = Program::of_arg0(args.first().map(OsString::as_os_str));
    // This does not need the command tree.
    if let [_, flag] = args.as_slice()
        && (flag == "--version" || flag == "-V" || (flag == "-v" && program.is_borrowed))
    {
        return usage::print_version(&environment);
    }
    let args = usage::without_iam(args);
    if let Some(topic) = usage::topic_asked_for(&args) {
        return usage::print_topic(topic, &environment);
    }
    let args = usage::with_help_as_flag(args);
    let args = usage::with_version_as_tag(args);
    let help = usage::Help::of(&args);
    match Cli::parse(&args, &program.shown, |tree| help.prepare(tree, &environment)) {
        Ok(cli) => run_parsed(cli, &args, program, environment),
        Err(error) => usage::explain(&error, &args, &program, &environment),
    }
}

fn run_parsed(cli: Cli, args: &[OsString], program: Program, environment: Environment) -> u8 {
    let flags = cli.global.flags();
    let mut ui = Ui::new(settings::manner(&flags, &environment));
    let named = program.clone();
    let result = Settings::new(environment, program, flags)
        .and_then(|settings| dispatch(cli.command, &settings, &mut ui));
    ui.end(result.map_err(|error| usage::mistaken(error, args, &named)))
}

fn dispatch(command: Command, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let facts = System::Iam.facts();
    match command {
        Command::Login(args) => ops::login::run(&args.0.into(), settings, ui),
        Command::Logout(args) => ops::logout::run(args.0.dry_run.dry_run, settings, ui),
        Command::Whoami(args) => ops::whoami::run(args.0.explain, settings, ui),
        Command::BearerToken(_) => ops::token::bearer_token(settings, ui),
        Command::OauthTokens(_) => ops::token::oauth_tokens(settings, ui),
        Command::Emulate(args) => ops::emulate::run(&args.0.into(), settings, ui),
        Command::Profiles(_) => ops::profiles::run(settings, ui),
        Command::Completion(args) => generate::print_completion(args.0.shell, ui),
        Command::Man(args) => generate::write_pages(&args.0, ui),
        Command::ApiKeys(args) => {
            let request = ops::list::ready(args.0.into(), ui)?;
            on_keys(settings, ui, |session| ops::list::run(&request, session))
        }
        Command::ApiKey(args) => {
            let request = args.0.into();
            on_keys(settings, ui, |session| ops::show::run(&request, session))
        }
        Command::ApiKeyCreate(args) => {
            let ready = ops::create::ready(args.0.into(), settings)?;
            on_keys(settings, ui, |session| ops::create::run(ready, session))
        }
        Command::ApiKeyUpdate(args) => {
            let ready = ops::update::ready(args.0.into(), facts, settings)?;
            on_keys(settings, ui, |session| ops::update::run(&ready, session))
        }
        Command::ApiKeyDelete(args) => {
            let ready = ops::delete::ready(args.0.into(), facts, ui)?;
            on_keys(settings, ui, |session| ops::delete::run(&ready, session))
        }
        Command::ApiKeyLock(args) => act(args.0, settings, ui),
        Command::ApiKeyUnlock(args) => act(args.0, settings, ui),
        Command::ApiKeyDisable(args) => act(args.0, settings, ui),
        Command::ApiKeyEnable(args) => act(args.0, settings, ui),
        Command::ApiKeyRotate(args) => {
            let ready = ops::rotate::ready(args.0.into(), facts, settings, ui)?;
            on_keys(settings, ui, |session| ops::rotate::run(&ready, session))
        }
        Command::ApiKeysAudit(args) => {
            let ready = ops::audit::ready(args.0.into(), settings, ui)?;
            on_keys(settings, ui, |session| ops::audit::run(ready, session))
        }
        Command::ApiKeyLookup(args) => {
            let ready = ops::lookup::ready(&args.0.into(), facts, settings, ui)?;
            on_keys(settings, ui, |session| ops::lookup::run(&ready, session))
        }
        Command::ServiceIds(command) => on_service_ids(command, settings, ui),
        Command::ServiceKeys(command) => on_keys_of_service(command, settings, ui),
        Command::TaskCredentials(command) => on_task_credentials(command, settings, ui),
        Command::Classic(command) => on_classic(command, settings, ui),
        Command::Platform(command) => on_platform(command, settings, ui),
        Command::Recover(args) => ops::recover::run(&args.0.into(), settings, ui),
    }
}

fn act<V: Acts>(args: ActArgs<V>, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let ready = ops::act::ready(V::VERB, args.into(), System::Iam.facts(), ui)?;
    on_keys(settings, ui, |session| ops::act::run(&ready, session))
}

/// Runs a command on service IDs or their groups.
fn on_service_ids(command: ServiceIdCommand, settings: &Settings, ui: &mut Ui) -> Result<()> {
    match command {
        ServiceIdCommand::ServiceIds(args) => {
            let request = args.0.into();
            on_keys(settings, ui, |session| service_ids::list::run(&request, session))
        }
        ServiceIdCommand::ServiceId(args) => {
            let request = args.0.into();
            on_keys(settings, ui, |session| service_ids::show::run(&request, session))
        }
        ServiceIdCommand::ServiceIdCreate(args) => {
            let request = args.0.into();
            on_keys(settings, ui, |session| service_ids::create::run(request, session))
        }
        ServiceIdCommand::ServiceIdUpdate(args) => {
            let ready = service_ids::update::ready(args.0.into(), settings.program())?;
            on_keys(settings, ui, |session| service_ids::update::run(ready, session))
        }
        ServiceIdCommand::ServiceIdDelete(args) => {
            act_on_service_ids(&service_ids::act::DELETE, args.0.into(), settings, ui)
        }
        ServiceIdCommand::ServiceIdLock(args) => {
            act_on_service_ids(&service_ids::act::LOCK, args.0.into(), settings, ui)
        }
        ServiceIdCommand::ServiceIdUnlock(args) => {
            act_on_service_ids(&service_ids::act::UNLOCK, args.0.into(), settings, ui)
        }
        ServiceIdCommand::ServiceIdGroups(args) => on_keys(settings, ui, |session| {
            service_ids::groups::list(args.0.uuid, args.0.wide, session)
        }),
        ServiceIdCommand::ServiceIdGroupCreate(args) => {
            let new = args.0.into();
            on_keys(settings, ui, |session| service_ids::groups::create(&new, session))
        }
        ServiceIdCommand::ServiceIdGroupUpdate(args) => {
            let program = settings.program();
            let ready = service_ids::groups::ready_to_update(args.0.into(), program)?;
            on_keys(settings, ui, |session| service_ids::groups::update(&ready, session))
        }
        ServiceIdCommand::ServiceIdGroupDelete(args) => {
            let ready = service_ids::groups::ready_to_delete(args.0.into(), ui)?;
            on_keys(settings, ui, |session| service_ids::groups::delete(&ready, session))
        }
    }
}

/// Runs a command on platform API keys.
fn on_platform(command: PlatformCommand, settings: &Settings, ui: &mut Ui) -> Result<()> {
    ops::platform::refuse_flags(settings)?;
    match command {
        PlatformCommand::PlatformApiKeyCreate(args) => {
            make_only(args.0.into(), Operation::Create, System::Platform, settings, ui)
        }
        PlatformCommand::PlatformApiKeyRotate(args) => {
            make_only(args.0.into(), Operation::Rotate, System::Platform, settings, ui)
        }
        PlatformCommand::PlatformApiKeyCheck(args) => {
            ops::platform::check::run(&args.0.into(), settings, ui)
        }
        PlatformCommand::PlatformApiKeyDelete(args) => {
            let ready = ops::only_key::delete::ready(args.0.into(), ui)?;
            on_keys_of(System::Platform, settings, ui, |session| {
                ops::only_key::delete::run(&ready, session)
            })
        }
        PlatformCommand::PlatformToken(args) => ops::platform::token::run(args.0.zen, settings, ui),
    }
}

/// Makes the only key of an owner, or puts a new one in its place.
fn make_only(
    request: ops::only_key::Request,
    operation: Operation,
    system: System,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<()> {
    let ready = ops::only_key::ready(request, operation, settings, ui)?;
    on_keys_of(system, settings, ui, |session| ops::only_key::run(&ready, session))
}

/// Runs a command on the keys of a service ID.
fn on_keys_of_service(command: ServiceKeyCommand, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let facts = System::ServiceIds.facts();
    match command {
        ServiceKeyCommand::ServiceApiKeys(args) => {
            let (service, request): OfService<_> = args.0.into();
            let request = ops::list::ready(request, ui)?;
            on_keys(settings, ui, |session| {
                service.map_or(Ok(()), |service| service_ids::enter(&service, session))?;
                ops::list::run(&request, session)
            })
        }
        ServiceKeyCommand::ServiceApiKey(args) => {
            let (service, request): OfService<_> = args.0.into();
            of_service(service.as_ref(), settings, ui, |session| ops::show::run(&request, session))
        }
        ServiceKeyCommand::ServiceApiKeyCreate(args) => {
            let (service, request): OfService<_> = args.0.into();
            let ready = ops::create::ready(request, settings)?;
            of_service(service.as_ref(), settings, ui, |session| ops::create::run(ready, session))
        }
        ServiceKeyCommand::ServiceApiKeyUpdate(args) => {
            let (service, request): OfService<_> = args.0.into();
            let ready = ops::update::ready(request, facts, settings)?;
            of_service(service.as_ref(), settings, ui, |session| ops::update::run(&ready, session))
        }
        ServiceKeyCommand::ServiceApiKeyDelete(args) => {
            let (service, request): OfService<_> = args.0.into();
            let ready = ops::delete::ready(request, facts, ui)?;
            of_service(service.as_ref(), settings, ui, |session| ops::delete::run(&ready, session))
        }
        ServiceKeyCommand::ServiceApiKeyLock(args) => act_of_service(args.0, settings, ui),
        ServiceKeyCommand::ServiceApiKeyUnlock(args) => act_of_service(args.0, settings, ui),
        ServiceKeyCommand::ServiceApiKeyDisable(args) => act_of_service(args.0, settings, ui),
        ServiceKeyCommand::ServiceApiKeyEnable(args) => act_of_service(args.0, settings, ui),
        ServiceKeyCommand::ServiceApiKeyRotate(args) => {
            let (service, request): OfService<_> = args.0.into();
            let ready = ops::rotate::ready(request, facts, settings, ui)?;
            of_service(service.as_ref(), settings, ui, |session| ops::rotate::run(&ready, session))
        }
    }
}

/// Runs a command on task credentials of watsonx.
fn on_task_credentials(
    command: TaskCredentialCommand,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<()> {
    match command {
        TaskCredentialCommand::TaskCredentials(args) => {
            let ready = task_credentials::list::ready(&args.0.into(), settings)?;
            on_keys(settings, ui, |session| task_credentials::list::run(&ready, session))
        }
        TaskCredentialCommand::TaskCredentialCreate(args) => {
            let ready = task_credentials::create::ready(args.0.into(), settings, ui)?;
            on_keys(settings, ui, |session| task_credentials::create::run(&ready, session))
        }
        TaskCredentialCommand::TaskCredentialRotate(args) => {
            let ready = task_credentials::rotate::ready(args.0.into(), settings, ui)?;
            on_keys(settings, ui, |session| task_credentials::rotate::run(&ready, session))
        }
        TaskCredentialCommand::TaskCredentialDelete(args) => {
            let ready = task_credentials::delete::ready(args.0.into(), settings, ui)?;
            on_keys(settings, ui, |session| task_credentials::delete::run(&ready, session))
        }
    }
}

/// Runs a command on the classic API key.
fn on_classic(command: ClassicCommand, settings: &Settings, ui: &mut Ui) -> Result<()> {
    use crate::ops::only_key::{delete, plugin, show};
    let system = System::Classic;
    match command {
        ClassicCommand::ClassicApiKey(args) => {
            let ready = show::ready(args.0.into(), settings)?;
            on_keys_of(system, settings, ui, |session| show::run(ready, session))
        }
        ClassicCommand::ClassicApiKeyCreate(args) => {
            make_only(args.0.into(), Operation::Create, system, settings, ui)
        }
        ClassicCommand::ClassicApiKeyRotate(args) => {
            make_only(args.0.into(), Operation::Rotate, system, settings, ui)
        }
        ClassicCommand::ClassicApiKeyDelete(args) => {
            let ready = delete::ready(args.0.into(), ui)?;
            on_keys_of(system, settings, ui, |session| delete::run(&ready, session))
        }
        ClassicCommand::Sl(SlCommand::User(SlUserCommand::Apikey(args))) => {
            let ready = plugin::ready(args.0.into())?;
            on_keys_of(system, settings, ui, |session| plugin::run(&ready, session))
        }
    }
}

fn act_of_service<V: Acts>(
    args: ServiceActArgs<V>,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<()> {
    let (service, request): OfService<_> = args.into();
    let ready = ops::act::ready(V::VERB, request, System::ServiceIds.facts(), ui)?;
    of_service(service.as_ref(), settings, ui, |session| ops::act::run(&ready, session))
}

/// Runs an operation on keys of a service ID, which comes behind them.
fn of_service(
    service: Option<&ServiceChoice>,
    settings: &Settings,
    ui: &mut Ui,
    run: impl FnOnce(&mut Session) -> Result<()>,
) -> Result<()> {
    on_keys(settings, ui, |session| {
        service.map_or(Ok(()), |service| ops::service_ids::enter_behind_key(service, session))?;
        run(session)
    })
}

fn act_on_service_ids(
    verb: &'static service_ids::act::Verb,
    request: service_ids::act::Request,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<()> {
    let ready = service_ids::act::ready(verb, request, ui)?;
    on_keys(settings, ui, |session| service_ids::act::run(&ready, session))
}

/// Opens a session, runs an operation in it, and closes it.
fn on_keys(
    settings: &Settings,
    ui: &mut Ui,
    run: impl FnOnce(&mut Session) -> Result<()>,
) -> Result<()> {
    on_keys_of(System::Iam, settings, ui, run)
}

/// Opens a session over the keys of a system, runs an operation in it, and closes it.
fn on_keys_of(
    system: System,
    settings: &Settings,
    ui: &mut Ui,
    run: impl FnOnce(&mut Session) -> Result<()>,
) -> Result<()> {
    let mut session = Session::open_for(system, settings, ui)?;
    let result = run(&mut session);
    session.close();
    result
}
