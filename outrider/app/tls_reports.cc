#include "outrider/app/tls_reports.h"

#include <fmt/format.h>

#include <iterator>

#include "outrider/app/ask.h"
#include "outrider/app/print.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace json = boost::json;
namespace {

// Reports are from strangers, and their words printable already.
void add_failures(std::string& out, const json::object& policy) {
  for (const auto& each : items(policy, "failure-details")) {
    if (!each.is_object()) continue;
    const auto& detail = each.get_object();
    fmt::format_to(
        std::back_inserter(out), "    {} x {} at {}{}{}\n", number(detail, "failed-session-count"),
        text(detail, "result-type"), text(detail, "receiving-mx-hostname"),
        detail.contains("failure-reason-code") ? ": " : "", text(detail, "failure-reason-code"));
  }
}

}  // namespace

std::string reports_text(const json::object& answer) {
  std::string out;
  for (const auto& each : items(answer, "reports")) {
    if (!each.is_object()) continue;
    const auto& report = each.get_object();
    fmt::format_to(std::back_inserter(out), "{} {} ({}), report {}\n",
                   text(part(report, "date-range"), "start-datetime").substr(0, 10),
                   text(report, "organization-name"), text(report, "contact-info"),
                   text(report, "report-id"));
    for (const auto& item : items(report, "policies")) {
      if (!item.is_object()) continue;
      const auto& result = item.get_object();
      const auto& summary = part(result, "summary");
      fmt::format_to(std::back_inserter(out), "  {} {}: {} succeeded, {} failed\n",
                     text(part(result, "policy"), "policy-domain"),
                     text(part(result, "policy"), "policy-type"),
                     number(summary, "total-successful-session-count"),
                     number(summary, "total-failure-session-count"));
      add_failures(out, result);
    }
  }
  return out.empty() ? "No reports.\n" : out;
}

int tls_reports(const ReportsRequest& request) {
  const json::object question{{"command", "tls.reports"},
                              {"domain", request.domain},
                              {"failing", request.failing},
                              {"most", request.most}};
  const auto [answer, code] = ask(request.server.socket, request.server.json, question);
  if (answer && !request.server.json) print(reports_text(*answer));
  return code;
}

}  // namespace outrider::app
