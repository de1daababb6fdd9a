#include "outrider/policy/sts_discovery.h"

#include <fmt/format.h>

#include <utility>

#include "outrider/policy/web_addresses.h"

namespace outrider::policy {
namespace {

constexpr std::size_t most_bytes = 64 << 10;
constexpr int ok = 200;

StsFailure failure(StsFailure::Kind kind, std::string why) { return {kind, std::move(why), now()}; }

StsFetched policy_of(const fetch::Response& response) {
  using Kind = StsFailure::Kind;
  // RFC 8461 §3.3: only valid with 200.
  if (response.status != ok) {
    return std::unexpected(failure(Kind::Fetch, fmt::format("HTTP status {}", response.status)));
  }
  auto policy = trust::parse_sts_policy(response.body);
  if (!policy) return std::unexpected(failure(Kind::Policy, policy.error().text()));
  return std::move(*policy);
}

}  // namespace

awaitable<StsAnnouncement> ask_sts_announcement(const StsSources& sources, std::string domain) {
  const dns::TextAnswer answer = co_await sources.resolver.text("_mta-sts." + domain);
  StsAnnouncement announcement;
  announcement.is_known = !answer.temporary();
  if (answer.temporary()) announcement.why = answer.why;
  if (answer.found()) announcement.id = trust::sts_id(answer.texts);
  co_return announcement;
}

awaitable<StsFetched> fetch_sts_policy(const StsSources& sources, std::string domain,
                                       std::string id, Duration limit) {
  const std::string host = "mta-sts." + domain;
  WebAddresses addresses = co_await web_addresses(sources.resolver, host);
  if (addresses.found.empty()) {
    co_return std::unexpected(
        failure(StsFailure::Kind::Fetch, fmt::format("{}: {}", host, addresses.why)));
  }
  fetch::Request request;
  request.url = fmt::format("https://{}/.well-known/mta-sts.txt", host);
  request.addresses = std::move(addresses.found);
  request.wanted_type = "text/plain";
  request.most_bytes = most_bytes;
  request.limit = limit;
  fetch::Answer answer = co_await sources.client.get(std::move(request));
  if (!answer) {
    const bool is_certificate = answer.error().fault == fetch::Fault::Certificate;
    const auto kind = is_certificate ? StsFailure::Kind::Certificate : StsFailure::Kind::Fetch;
    co_return std::unexpected(failure(kind, answer.error().error.text()));
  }
  StsFetched policy = policy_of(*answer);
  if (policy) {
    policy->id = std::move(id);
    policy->fetched = now();
  }
  co_return policy;
}

}  // namespace outrider::policy
