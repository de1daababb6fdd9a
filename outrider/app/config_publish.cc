// What domains of ours publish about TLS: an MTA-STS policy, and where reports are to go.
#include <fmt/format.h>

#include <cstdint>

#include "outrider/app/config_parts.h"
#include "outrider/base/text.h"
#include "outrider/report/rua.h"
#include "outrider/smtp/domain_name.h"
#include "outrider/trust/mta_sts.h"

namespace outrider::app {
namespace {

// FNV-1a: the id is to differ when the text does, and need not be hard to forge (RFC 8461 §3.1).
std::string id_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return fmt::format("{:016x}", hash);
}

void take_policy(Making& making, const Values& values, Publication& publication) {
  const auto mode = values.choice("mta_sts");
  if (mode > static_cast<std::size_t>(trust::StsMode::Enforce)) return;  // none, or none there is
  trust::StsPolicy policy;
  policy.mode = static_cast<trust::StsMode>(mode);
  for (const auto& pattern : values.list("mta_sts_mx")) policy.mx.push_back(to_lower(pattern));
  if (policy.mx.empty()) policy.mx.push_back(to_lower(making.config.hostname));
  policy.max_age =
      std::chrono::duration_cast<std::chrono::seconds>(values.duration("mta_sts_max_age"));
  const auto text = trust::sts_policy_text(policy);
  if (const auto read = trust::parse_sts_policy(text); !read) {
    making.complain(values, "mta_sts_mx", read.error().text());
    return;
  }
  publication.policy = text;
  publication.policy_id = id_of(text);
}

void take_report_targets(Making& making, const Values& values, Publication& publication) {
  for (const auto& uri : values.list("tls_report_to")) {
    if (uri.contains(';') || report::report_targets({"v=TLSRPTv1; rua=" + uri}).size() != 1) {
      making.complain(values, "tls_report_to",
                      fmt::format("\"{}\" is no mailto: or https: address", printable(uri)));
      continue;
    }
    publication.report_to.push_back(uri);
  }
}

}  // namespace

void take_publications(Making& making) {
  auto policies = std::make_shared<receive::ServedPolicies>();
  for (const Values& values : making.document.list("domain")) {
    const auto name = smtp::to_a_labels(values.text("name"), true);
    if (!name) continue;  // said by take_domains()
    Publication publication;
    take_policy(making, values, publication);
    take_report_targets(making, values, publication);
    const auto domain = to_lower(*name);
    if (!publication.policy.empty()) policies->emplace(domain, publication.policy);
    making.config.publications.emplace(domain, std::move(publication));
  }
  making.config.receive.policies = std::move(policies);
}

}  // namespace outrider::app
