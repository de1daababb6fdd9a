#include "outrider/app/tls_probe_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace outrider::app::probe {
namespace {

constexpr Verdict verdicts[] = {Verdict::Pass, Verdict::Note, Verdict::Skipped, Verdict::Warn,
                                Verdict::Fail};

std::size_t widest_id() {
  std::size_t widest = 0;
  for (const auto& rule : all_rules()) widest = std::max(widest, rule.id.size());
  return widest;
}

boost::json::object facts_of(const Rule& rule) {
  return {{"id", rule.id}, {"title", rule.title}, {"source", rule.source}};
}

}  // namespace

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      judged, [verdict](const Judged& each) { return each.finding.verdict == verdict; }));
}

std::string line_of(const Judged& judged) {
  const auto& [rule, finding] = judged;
  return fmt::format("{:<7}  {:<{}}  {} ({}): {}\n", name(finding.verdict), rule->id, widest_id(),
                     rule->title, rule->source, finding.text);
}

std::string summary_of(const Report& report) {
  std::string text;
  for (const auto verdict : verdicts) {
    if (const auto count = report.count(verdict); count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name(verdict));
  }
  return fmt::format("{} ({}): {}\n", report.server, report.mode, text);
}

std::string evidence_of(const Judged& judged) {
  std::string text;
  for (const auto& line : judged.finding.evidence) text += "         " + line + "\n";
  return text;
}

std::string json_of(const Report& report) {
  boost::json::array rules;
  for (const auto& [rule, finding] : report.judged) {
    auto object = facts_of(*rule);
    object["verdict"] = name(finding.verdict);
    object["text"] = finding.text;
    object["evidence"] = boost::json::array(finding.evidence.begin(), finding.evidence.end());
    rules.push_back(std::move(object));
  }
  boost::json::object counts;
  for (const auto verdict : verdicts) counts[name(verdict)] = report.count(verdict);
  const boost::json::object all{{"server", report.server},
                                {"mode", report.mode},
                                {"good", report.good()},
                                {"counts", std::move(counts)},
                                {"rules", std::move(rules)}};
  return boost::json::serialize(all) + "\n";
}

std::string text_of_rules() {
  std::string text;
  for (const auto& rule : all_rules()) {
    text += fmt::format("{:<{}}  {} ({})\n", rule.id, widest_id(), rule.title, rule.source);
  }
  return text;
}

std::string json_of_rules() {
  boost::json::array rules;
  for (const auto& rule : all_rules()) rules.push_back(facts_of(rule));
  return boost::json::serialize(rules) + "\n";
}

}  // namespace outrider::app::probe
