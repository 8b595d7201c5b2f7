# Copyright: the slipway.fargate team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every operation of every service that the collection calls is known as a read or a write."""

from __future__ import annotations

import functools

import botocore.session
import pytest

from tests.emulator import access

SERVICE_NAMES = (
    "ec2 s3 sqs sns rds elasticache iam secretsmanager ecs elbv2 application-autoscaling servicediscovery cloudwatch "
    "logs sts kms events acm route53 ssm ecr efs cloudfront wafv2 budgets cognito-idp sesv2"
)
SERVICES = SERVICE_NAMES.split()

READ_WORDS = ("Describe", "Get", "List", "Head")

# Reads that no such word begins, and writes that one begins.
OTHER_READS = {
    "acm": "ExportCertificate SearchCertificates",
    "cloudfront": "VerifyDnsConfiguration",
    "cognito-idp": "AdminGetDevice AdminGetUser AdminGetUserAuthFactors AdminListDevices AdminListGroupsForUser "
    "AdminListUserAuthEvents AdminListUserSessions",
    "ec2": "ExportClientVpnClientCertificateRevocationList ExportClientVpnClientConfiguration "
    "ExportVerifiedAccessInstanceClientConfiguration SearchLocalGatewayRoutes SearchTransitGatewayMulticastGroups "
    "SearchTransitGatewayRoutes StartDeclarativePoliciesReport ValidateSecurityGroupQuotasForInterface",
    "ecr": "BatchCheckLayerAvailability BatchGetImage BatchGetRepositoryScanningConfiguration "
    "ValidatePullThroughCacheRule",
    "events": "TestEventPattern",
    "iam": "GenerateCredentialReport GenerateOrganizationsAccessReport GenerateServiceLastAccessedDetails "
    "SimulateCustomPolicy SimulatePrincipalPolicy",
    "logs": "FilterLogEvents StartLiveTail StartQuery StopQuery TestMetricFilter TestTransformer",
    "rds": "DownloadDBLogFilePortion",
    "route53": "TestDNSAnswer",
    "s3": "SelectObjectContent",
    "secretsmanager": "BatchGetSecretValue",
    "servicediscovery": "DiscoverInstances DiscoverInstancesRevision",
    "sesv2": "BatchGetMetricData",
    "sns": "CheckIfPhoneNumberIsOptedOut",
    "sqs": "ReceiveMessage",
    "ssm": "StartExecutionPreview ValidateCloudConnector",
    "sts": "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity DecodeAuthorizationMessage",
    "wafv2": "CheckCapacity GenerateMobileSdkReleaseUrl",
}
OTHER_WRITES = {
    "acm": "GetAcmeExternalAccountBindingCredentials",
    "cognito-idp": "GetClientToken GetDerivedToken GetTokensFromRefreshToken",
    "sts": "GetDelegatedAccessToken GetWebIdentityToken",
}


@functools.cache
def operations(service: str) -> list[str]:
    model = botocore.session.get_session().get_service_model(service)
    return list(model.operation_names)


def expected_write(service: str, operation: str) -> bool:
    if operation in OTHER_READS.get(service, "").split():
        return False
    if operation in OTHER_WRITES.get(service, "").split():
        return True
    return not operation.startswith(READ_WORDS)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_classified(service: str) -> None:
    wrong = {o: access.is_write(service, o) for o in operations(service)}
    wrong = {o: write for o, write in wrong.items() if write != expected_write(service, o)}
    assert wrong == {}


@pytest.mark.parametrize("service", SERVICES)
def test_no_read_rests_on_the_fallback(service: str) -> None:
    known = access.other_reads().get(service, frozenset())
    reads = [o for o in operations(service) if not expected_write(service, o)]
    assert [o for o in reads if o not in known and access.iam_level(service, o) not in access.READ_LEVELS] == []


@pytest.mark.parametrize("service", sorted(set(OTHER_READS) | set(OTHER_WRITES)))
def test_the_exceptions_exist(service: str) -> None:
    named = f"{OTHER_READS.get(service, '')} {OTHER_WRITES.get(service, '')}".split()
    assert [o for o in named if o not in operations(service)] == []


@pytest.mark.parametrize("service", sorted(access.other_reads()))
def test_the_table_names_operations_that_exist(service: str) -> None:
    assert [o for o in access.other_reads()[service] if o not in operations(service)] == []


def test_what_is_unknown_writes() -> None:
    assert access.is_write("s3", "")
    assert access.is_write("nothing", "DescribeThings")
