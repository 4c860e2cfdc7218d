"""The extensions in the order in which they are put into ministack, before it serves."""

from collections.abc import Callable

from rehearsal.emulator import (
    athena_callers,
    athena_hudi,
    athena_iceberg,
    bucket_policies,
    call_record,
    change_sets,
    codebuild_projects,
    execution_role,
    lambda_credentials,
    lambda_environment,
    lambda_errors,
    lambda_logs,
    lambda_packages,
    log_group_names,
    network_origin,
    policy_sizes,
    request_resources,
    resource_conditions,
    resource_types,
    retry_waits,
    s3_event_versions,
    s3_multipart_times,
    s3_version_ranges,
    s3_write_conditions,
    secure_transport,
    state_machine_calls,
    template_location,
    used_exports,
    vpc_functions,
)
from rehearsal.emulator.glue_runner import api as glue_api
from rehearsal.emulator.glue_runner.runner import GlueRunner
from rehearsal.emulator.glue_runner.start_throttle import StartThrottle
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline import extension as codepipeline
from rehearsal.pipeline.pipelines import Pipelines

Stop = Callable[[], None]


def install(settings: EmulatorSettings) -> Stop:
    """Install all extensions and return what ends the work they have started."""
    secure_transport.install()
    call_record.install(settings.calls)
    resource_conditions.install()
    network_origin.install()
    bucket_policies.install()
    template_location.install()
    codebuild_projects.install()
    request_resources.install()
    s3_event_versions.install()
    s3_multipart_times.install()
    s3_version_ranges.install()
    s3_write_conditions.install()
    lambda_credentials.install()
    lambda_environment.install()
    lambda_packages.install(settings)
    lambda_errors.install()
    lambda_logs.install(settings.logs / "lambda")
    athena_iceberg.install()
    athena_hudi.install()
    athena_callers.install()
    resource_types.install()
    log_group_names.install()
    execution_role.install()
    vpc_functions.install()
    policy_sizes.install()
    used_exports.install()
    change_sets.install()
    runner = GlueRunner(settings)
    glue_api.install(runner, StartThrottle(settings.glue_starts_per_second))
    retry_waits.install()
    state_machine_calls.install(settings, runner)
    pipelines = Pipelines(settings)
    codepipeline.install(pipelines)

    def stop() -> None:
        pipelines.stop_all()
        runner.stop_all()

    return stop
