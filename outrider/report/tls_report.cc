#include "outrider/report/tls_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <numeric>

#include "outrider/base/text.h"

namespace outrider::report {
namespace json = boost::json;
namespace {

constexpr std::size_t most_policies = 1000, most_details = 10000, most_strings = 1000;
constexpr std::size_t most_strings_in_all = 10000;
constexpr std::size_t longest_text = 1000;
constexpr std::size_t deepest = 16;
constexpr std::int64_t most_sessions = 1LL << 53;  // RFC 7493 §2.2

std::unexpected<Error> refuse(std::string_view what, std::string rule) {
  return fail(Blame::Peer, printable(what), std::move(rule), "RFC 8460 §4.4");
}

json::array array_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object to_json(const FailureDetail& detail) {
  json::object object{{"result-type", detail.result}};
  const std::pair<const char*, const std::string&> texts[] = {
      {"sending-mta-ip", detail.sending_ip},
      {"receiving-mx-hostname", detail.receiving_host},
      {"receiving-mx-helo", detail.receiving_helo},
      {"receiving-ip", detail.receiving_ip},
      {"additional-information", detail.more},
      {"failure-reason-code", detail.reason}};
  for (const auto& [key, text] : texts) {
    if (!text.empty()) object[key] = text;
  }
  object["failed-session-count"] = detail.sessions;
  return object;
}

json::object to_json(const PolicyResult& result) {
  json::object policy{{"policy-type", result.type}, {"policy-domain", result.domain}};
  if (!result.strings.empty()) policy["policy-string"] = array_of(result.strings);
  if (!result.mx.empty()) policy["mx-host"] = array_of(result.mx);
  json::object object{{"policy", std::move(policy)},
                      {"summary",
                       {{"total-successful-session-count", result.succeeded},
                        {"total-failure-session-count", result.failed}}}};
  if (result.details.empty()) return object;
  json::array details;
  for (const auto& detail : result.details) details.emplace_back(to_json(detail));
  object["failure-details"] = std::move(details);
  return object;
}

// Of one report: the first error, and how many texts of lists it may still have. `""` is a text of
// three bytes that would become tens.
struct Reading {
  Result<void> result;
  std::size_t strings = most_strings_in_all;
};

// What the members of an object are.
class Members {
 public:
  Members(const json::object& object, Reading& reading) : object_(object), reading_(reading) {}

  void text(std::string_view key, std::string& text) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr || value->is_null()) return;
    if (!value->is_string()) return complain(key, "a text");
    text = printable(value->get_string(), longest_text);
  }
  // Some write one text where a list is meant.
  void texts(std::string_view key, std::vector<std::string>& texts) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr || value->is_null()) return;
    if (value->is_string()) return add(texts, value->get_string());
    if (!value->is_array()) return complain(key, "a list of texts");
    for (const auto& each : value->get_array()) {
      if (!each.is_string()) return complain(key, "a list of texts");
      add(texts, each.get_string());
    }
  }
  void count(std::string_view key, std::uint64_t& count) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr) return;
    if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > most_sessions) {
      return complain(key, "a whole number from 0 to 2^53");
    }
    count = static_cast<std::uint64_t>(value->get_int64());
  }
  void time(std::string_view key, Time& time) const {
    std::string written;
    text(key, written);
    const auto read = parse_date_time(written);
    if (!read) return complain(key, "a date-time of RFC 3339");
    time = *read;
  }
  Members part(std::string_view key) const {
    static const json::object none;
    const auto* value = object_.if_contains(key);
    if (value != nullptr && value->is_object()) return {value->get_object(), reading_};
    complain(key, "an object");
    return {none, reading_};
  }
  /// `each` is called with the members of each object of a list, which may be missing.
  template <class Each>
  void list(std::string_view key, std::size_t most, Each each) const {
    const auto* value = object_.if_contains(key);
    if (value == nullptr || value->is_null()) return;
    if (!value->is_array() || value->get_array().size() > most) {
      return complain(key, "a list of at most " + std::to_string(most));
    }
    for (const auto& item : value->get_array()) {
      if (!item.is_object()) return complain(key, "a list of objects");
      each(Members(item.get_object(), reading_));
    }
  }

 private:
  void add(std::vector<std::string>& texts, std::string_view text) const {
    if (text.empty() || texts.size() >= most_strings || reading_.strings == 0) return;
    --reading_.strings;
    texts.push_back(printable(text, longest_text));
  }
  void complain(std::string_view key, const std::string& rule) const {
    if (reading_.result) reading_.result = refuse(key, "it is " + rule);
  }

  const json::object& object_;
  Reading& reading_;
};

FailureDetail detail_of(const Members& members) {
  FailureDetail detail;
  members.text("result-type", detail.result);
  members.text("sending-mta-ip", detail.sending_ip);
  members.text("receiving-mx-hostname", detail.receiving_host);
  members.text("receiving-mx-helo", detail.receiving_helo);
  members.text("receiving-ip", detail.receiving_ip);
  members.text("additional-information", detail.more);
  members.text("failure-reason-code", detail.reason);
  members.count("failed-session-count", detail.sessions);
  return detail;
}

PolicyResult policy_of(const Members& members) {
  PolicyResult result;
  const Members policy = members.part("policy");
  policy.text("policy-type", result.type);
  policy.texts("policy-string", result.strings);
  policy.text("policy-domain", result.domain);
  policy.texts("mx-host", result.mx);
  const Members summary = members.part("summary");
  summary.count("total-successful-session-count", result.succeeded);
  summary.count("total-failure-session-count", result.failed);
  members.list("failure-details", most_details,
               [&](const Members& each) { result.details.push_back(detail_of(each)); });
  return result;
}

// What texts have beside themselves.
template <class... Text>
std::size_t beside(const std::string& text, const Text&... more) {
  const std::size_t own = text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
  if constexpr (sizeof...(more) > 0) return own + beside(more...);
  return own;
}
std::size_t beside(const std::vector<std::string>& texts) {
  std::size_t size = texts.capacity() * sizeof(std::string);
  for (const auto& text : texts) size += beside(text);
  return size;
}

template <class Count>
std::uint64_t sum(const TlsReport& report, Count count) {
  return std::accumulate(
      report.policies.begin(), report.policies.end(), std::uint64_t{0},
      [&](std::uint64_t all, const PolicyResult& each) { return all + each.*count; });
}

}  // namespace

std::uint64_t failures(const TlsReport& report) { return sum(report, &PolicyResult::failed); }
std::uint64_t successes(const TlsReport& report) { return sum(report, &PolicyResult::succeeded); }

std::size_t memory_of(const TlsReport& report) {
  std::size_t size = sizeof(report) + beside(report.organization, report.contact, report.id) +
                     report.policies.capacity() * sizeof(PolicyResult);
  for (const auto& policy : report.policies) {
    size += beside(policy.type, policy.domain) + beside(policy.strings) + beside(policy.mx) +
            policy.details.capacity() * sizeof(FailureDetail);
    for (const auto& each : policy.details) {
      size += beside(each.result, each.sending_ip, each.receiving_host, each.receiving_helo,
                     each.receiving_ip, each.more, each.reason);
    }
  }
  return size;
}

std::string report_json(const TlsReport& report) {
  json::array policies;
  for (const auto& policy : report.policies) policies.emplace_back(to_json(policy));
  return json::serialize(json::object{
      {"organization-name", report.organization},
      {"date-range",
       {{"start-datetime", rfc3339(report.begin)}, {"end-datetime", rfc3339(report.end)}}},
      {"contact-info", report.contact},
      {"report-id", report.id},
      {"policies", std::move(policies)}});
}

Result<TlsReport> parse_report(std::string_view text) {
  json::parse_options options;
  options.max_depth = deepest;
  boost::system::error_code error;
  const auto value = json::parse(text, error, {}, options);
  if (error) return refuse(text.substr(0, 40), "no JSON: " + error.message());
  if (!value.is_object()) return refuse(text.substr(0, 40), "a report is an object");
  Reading reading;
  const Members members(value.get_object(), reading);
  TlsReport report;
  members.text("organization-name", report.organization);
  members.text("contact-info", report.contact);
  members.text("report-id", report.id);
  const Members range = members.part("date-range");
  range.time("start-datetime", report.begin);
  range.time("end-datetime", report.end);
  // `{}` is a detail of three bytes that would become hundreds: the bound is on all of them.
  std::size_t details = 0;
  members.list("policies", most_policies, [&](const Members& each) {
    if (details > most_details) return;
    report.policies.push_back(policy_of(each));
    details += report.policies.back().details.size();
  });
  if (!reading.result) return std::unexpected(reading.result.error());
  if (details > most_details) {
    return refuse("failure-details", fmt::format("a report has at most {} in all", most_details));
  }
  if (report.policies.empty()) return refuse("policies", "a report has at least one");
  return report;
}

}  // namespace outrider::report
