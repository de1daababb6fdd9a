#include "outrider/app/tls_ledger.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iterator>

#include "outrider/app/ask.h"
#include "outrider/app/print.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace json = boost::json;
namespace {

json::object sessions_to_json(const trust::Sessions& sessions) {
  return {{"verified", sessions.verified},
          {"unverified", sessions.unverified},
          {"without_tls", sessions.without}};
}

std::string sessions_text(const json::object& object) {
  return fmt::format("{} proven, {} unproven, {} without TLS", number(object, "verified"),
                     number(object, "unverified"), number(object, "without_tls"));
}

json::object mishap_to_json(const trust::Mishap& mishap) {
  return {{"why", mishap.why}, {"time", rfc3339(mishap.when)}};
}

json::object since_to_json(const trust::Since& since) {
  return {{"sha256", since.digest}, {"since", rfc3339(since.when)}};
}

}  // namespace

json::object host_record_to_json(const trust::HostRecord& record) {
  json::object object{{"first", rfc3339(record.first)},
                      {"last", rfc3339(record.last)},
                      {"sessions", sessions_to_json(record.sessions)},
                      {"resumed", record.resumed}};
  if (!record.version.empty()) {
    object["version"] = record.version;
    object["best_version"] = record.tls.best;
    object["cipher"] = record.cipher;
    object["group"] = record.group;
    object["tls_seen"] = rfc3339(record.tls.count > 0 ? record.tls.last : record.last);
    object["proof"] = record.proof.empty() ? "none" : record.proof;
  }
  if (!record.doubt.empty()) object["doubt"] = record.doubt;
  if (record.verified != Time{}) object["verified"] = rfc3339(record.verified);
  if (!record.key.digest.empty()) object["key"] = since_to_json(record.key);
  if (!record.certificate.digest.empty()) {
    object["certificate"] = since_to_json(record.certificate);
  }
  if (!record.dane.empty()) object["dane"] = record.dane;
  if (!record.sts.empty()) object["mta_sts"] = record.sts;
  if (!record.requiretls.empty()) object["requiretls"] = record.requiretls;
  if (!record.missed.why.empty()) object["without_tls"] = mishap_to_json(record.missed);
  if (!record.failed.why.empty()) object["handshake_failed"] = mishap_to_json(record.failed);
  if (record.tls.gone) object["gone_since"] = rfc3339(*record.tls.gone);
  return object;
}

json::object domain_record_to_json(const trust::DomainRecord& record) {
  json::array words;
  for (const auto& word : record.words) {
    words.emplace_back(
        json::object{{"time", rfc3339(word.when)}, {"who", word.who}, {"ruling", word.what}});
  }
  json::object object{{"first", rfc3339(record.first)},
                      {"last", rfc3339(record.last)},
                      {"hosts", json::array(record.hosts.begin(), record.hosts.end())},
                      {"sessions", sessions_to_json(trust::lately(record, now(), 30))}};
  if (!words.empty()) object["rulings"] = std::move(words);
  if (trust::in_clear(record, now())) object["plaintext_until"] = rfc3339(record.clear_until);
  return object;
}

std::string host_record_text(const json::object& record) {
  std::string out = fmt::format("  ledger     {}, {} resumed; first {}, last {}\n",
                                sessions_text(part(record, "sessions")), number(record, "resumed"),
                                text(record, "first"), text(record, "last"));
  const auto add = [&](std::string_view what, std::string_view value) {
    fmt::format_to(std::back_inserter(out), "    {:13}{}\n", what, printable(value, 400));
  };
  if (record.contains("version")) {
    add("last TLS",
        fmt::format("{}/{}/{} at {}, proof: {}, best: {}", text(record, "version"),
                    text(record, "cipher"), text(record, "group"), text(record, "tls_seen"),
                    text(record, "proof"), text(record, "best_version")));
  }
  if (record.contains("verified")) add("last proven", text(record, "verified"));
  if (record.contains("dane")) add("DANE then", text(record, "dane"));
  if (record.contains("mta_sts")) add("MTA-STS then", text(record, "mta_sts"));
  if (record.contains("requiretls")) add("REQUIRETLS", text(record, "requiretls"));
  if (record.contains("doubt")) add("unproven", text(record, "doubt"));
  for (const auto* key : {"key", "certificate"}) {
    const auto& since = part(record, key);
    if (!since.empty()) add(key, text(since, "sha256") + " since " + text(since, "since"));
  }
  for (const auto* key : {"without_tls", "handshake_failed"}) {
    const auto& mishap = part(record, key);
    if (!mishap.empty()) {
      add(key[0] == 'w' ? "without TLS" : "failed",
          text(mishap, "time") + ": " + text(mishap, "why"));
    }
  }
  if (record.contains("gone_since")) add("missed since", text(record, "gone_since"));
  return out;
}

std::string domain_record_text(const json::object& record) {
  std::string out =
      fmt::format("In 30 days: {}; first {}, last {}\n", sessions_text(part(record, "sessions")),
                  text(record, "first"), text(record, "last"));
  for (const auto& each : items(record, "rulings")) {
    if (!each.is_object()) continue;
    const auto& word = each.get_object();
    fmt::format_to(std::back_inserter(out), "Ruling {} by {} at {}\n", text(word, "ruling"),
                   printable(text(word, "who")), text(word, "time"));
  }
  if (record.contains("plaintext_until")) {
    out += "In clear where it has to be, until " + text(record, "plaintext_until") + "\n";
  }
  return out;
}

json::object suggestion_to_json(const std::string& domain, const trust::Suggestion& suggestion,
                                bool is_usual) {
  json::object object{{"domain", domain},
                      {"usual_route", is_usual},
                      {"sessions", sessions_to_json(suggestion.sessions)},
                      {"lost", suggestion.lost},
                      {"why", suggestion.why}};
  if (suggestion.level) object["level"] = trust::name(*suggestion.level);
  return object;
}

std::string suggestions_text(const json::object& answer) {
  std::string out = fmt::format(
      "# From the sessions of {} days. A pinned level loses nothing that was delivered in them;\n"
      "# what a destination changes later waits, and is told.\n",
      number(answer, "days"));
  for (const auto& each : items(answer, "domains")) {
    if (!each.is_object()) continue;
    const auto& advice = each.get_object();
    const auto domain = printable(text(advice, "domain"));
    const bool lost = number(advice, "lost") > 0;
    fmt::format_to(
        std::back_inserter(out), "\n# {}: {}\n#   {}{}\n", domain,
        sessions_text(part(advice, "sessions")),
        lost ? fmt::format("a higher level would have lost {}; ", number(advice, "lost")) : "",
        printable(text(advice, "why"), 400));
    if (!flag(advice, "usual_route")) {
      out += "#   it has a route of its own already\n";
    } else if (advice.contains("level")) {
      fmt::format_to(std::back_inserter(out),
                     "[[route]]\ndomain = \"{}\"\nvia = \"mx\"\ntls = \"{}\"\n", domain,
                     text(advice, "level"));
    }
  }
  return out;
}

int tls_release(const ReleaseRequest& request) {
  const json::object question{
      {"command", "tls.release"}, {"about", request.about}, {"ruling", request.ruling}};
  const auto [answer, code] = ask(request.server.socket, request.server.json, question);
  if (!answer || request.server.json) return code;
  const auto domain = printable(text(*answer, "domain"));
  const auto missing = items(*answer, "missing").size();
  std::string out = missing == 0 ? fmt::format("No TLS of {} is missed.\n", domain)
                                 : fmt::format("{}: TLS of {} host{} is missed.\n", domain, missing,
                                               missing == 1 ? "" : "s");
  if (request.ruling == "keep") {
    out += fmt::format("It is waited for until {}.\n", text(*answer, "until"));
  } else {
    out += request.ruling == "accept-new"
               ? std::string("It is not missed any more.\n")
               : fmt::format("Mail may go in clear until {}.\n", text(*answer, "until"));
    out += fmt::format("{} waiting message{} tried now.\n", number(*answer, "tried"),
                       number(*answer, "tried") == 1 ? " is" : "s are");
  }
  print(out);
  return code;
}

int tls_suggest(const QueueRequest& request, std::int64_t days) {
  const auto [answer, code] =
      ask(request.socket, request.json, {{"command", "tls.suggest"}, {"days", days}});
  if (answer && !request.json) print(suggestions_text(*answer));
  return code;
}

}  // namespace outrider::app
