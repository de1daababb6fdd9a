// Which reports of others are worth an alarm. Whoever can mail to the address of reports can make
// one up: only what is about us is told, by our own names, so strangers choose neither what an
// alarm is about nor how many there are.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "outrider/policy/alarms.h"
#include "outrider/report/tls_report.h"

namespace outrider::app {

struct Config;

/// Lower-case: our domains, and our host, by which its TLSA records are told of (RFC 8460 §1.1).
using OwnNames = std::set<std::string, std::less<>>;
OwnNames own_names(const Config& config);

/// One for each of our names that failed.
std::vector<policy::Alarm> failing_alarms(const report::TlsReport& report, const OwnNames& own,
                                          Time when);

}  // namespace outrider::app
