#include "outrider/app/command_line_tls.h"

#include <memory>
#include <string>

#include "outrider/app/tls_explain.h"
#include "outrider/app/tls_ledger.h"
#include "outrider/app/tls_probe.h"
#include "outrider/app/tls_reports.h"

namespace outrider::app {
namespace {

struct ProbeLine {
  ProbeOptions options;
  std::string form = "rfc3207";
  unsigned timeout = 10;
  bool list = false;
};

void add_probe_options(CLI::App& command, ProbeLine& line) {
  auto& options = line.options;
  auto* server = command.add_option("server", options.server,
                                    "HOST[:PORT], [IPV6]:PORT, or smtps://HOST[:PORT] for TLS from "
                                    "the first byte, as on port 465");
  command.add_option("--ca-file", options.ca_file, "PEM file of authorities, not the system's");
  command.add_option("--name", options.name, "The name the certificate must carry, not HOST");
  command.add_option("--helo", options.helo, "Our name in EHLO");
  command.add_option("--starttls", line.form, "Which STARTTLS is spoken")
      ->check(CLI::IsMember({"rfc3207", "draft-hoffman"}))
      ->capture_default_str();
  command.add_flag("--lmtp", options.lmtp, "Speak LMTP; the port is 24 where none is given");
  command
      .add_option("--timeout", line.timeout,
                  "Seconds for each connection, reply and handshake; twelve times that for all")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  command.add_option("--only", options.only, "Ask these rules alone: RULE,RULE")->delimiter(',');
  auto* list = command.add_flag("--list-rules", line.list, "Print the rules, and ask nobody");
  command.add_flag("-v,--verbose", options.verbose, "Show what was said, below each rule");
  command.add_flag("--json", options.json, "Print one JSON object, what was said included");
  server->excludes(list);
}

void add_probe(CLI::App& tls, CommandLine& shared) {
  auto* command =
      tls.add_subcommand("probe", "Ask a server what it does about TLS, rule by rule")
          ->footer(
              "  outrider tls probe mx.example.org\n"
              "  outrider tls probe mx.example.org:587 -v --only inject-noop,inject-mail\n"
              "  outrider tls probe smtps://mail.example.org --json\n"
              "  outrider tls probe 192.0.2.1:25 --name mx.example.org --ca-file ca.pem\n"
              "Exit code: 0 no rule failed (warnings are allowed), 1 at least one did, 64 usage,\n"
              "66 the file of authorities cannot be read, 69 the server cannot be reached.\n"
              "It sends no mail. docs/probe.md tells more.");
  // It has to outlive this function: CLI11 writes into it while it parses.
  const auto line = std::make_shared<ProbeLine>();
  add_probe_options(*command, *line);
  command->callback([line, &shared] {
    if (!line->list && line->options.server.empty()) throw CLI::RequiredError("HOST[:PORT]");
    shared.run = [line] {
      auto& options = line->options;
      options.draft = line->form == "draft-hoffman";
      options.timeout = std::chrono::seconds(line->timeout);
      return line->list ? list_probe_rules(options.json) : tls_probe(options);
    };
  });
}

void add_explain(CLI::App& tls, CommandLine& line) {
  auto* command =
      tls.add_subcommand("explain", "The decision the server would take now, and what it rests on")
          ->footer(
              "  outrider tls explain ada@example.org\n"
              "  outrider tls explain example.org --wish requiretls\n"
              "The DNS is asked now; policies and the ledger are the server's. docs/trust.md "
              "tells\n"
              "what the levels mean.");
  add_socket(*command, line);
  const auto request = std::make_shared<ExplainRequest>();
  command->add_option("about", request->about, "An address, or a domain")->required();
  command->add_option("--wish", request->wish, "As for a message that asks for this")
      ->check(CLI::IsMember({"requiretls", "tls-optional"}));
  command->callback([request, &line] {
    line.run = [request, &line] {
      return with_socket(line, [&](const QueueRequest& server) {
        request->server = server;
        return tls_explain(*request);
      });
    };
  });
}

void add_release(CLI::App& tls, CommandLine& line) {
  auto* command =
      tls.add_subcommand("release", "Rule what becomes of mail for a domain whose TLS is gone")
          ->footer(
              "  outrider tls release example.org --plaintext-once\n"
              "  outrider tls release example.org --keep\n"
              "Rulings are about TLS that a host had before, which is never a proof; what\n"
              "DANE, MTA-STS or a route demand stays demanded. Each is kept with who gave\n"
              "it: outrider tls explain shows them.");
  add_socket(*command, line);
  const auto request = std::make_shared<ReleaseRequest>();
  command
      ->add_option("domain", request->about, "The domain, an address of it, or what an alarm names")
      ->required();
  auto* group = command->add_option_group("ruling");
  const auto add = [&](const char* word, const char* what) {
    group->add_flag_callback(
        std::string("--") + word, [request, word] { request->ruling = word; }, what);
  };
  add("plaintext-once", "Mail goes in clear for a quarter of an hour; then TLS is missed again");
  add("accept-new", "TLS is not missed any more, until it is seen again");
  add("keep", "The wait for it begins anew");
  group->require_option(1);
  command->callback([request, &line] {
    line.run = [request, &line] {
      return with_socket(line, [&](const QueueRequest& server) {
        request->server = server;
        return tls_release(*request);
      });
    };
  });
}

void add_suggest(CLI::App& tls, CommandLine& line) {
  auto* command =
      tls.add_subcommand("suggest", "Which destinations could be pinned to a higher level")
          ->footer(
              "  outrider tls suggest --days 14 > pinned.toml\n"
              "It prints a fragment of a configuration, by what the ledger has seen.");
  add_socket(*command, line);
  const auto days = std::make_shared<std::int64_t>(14);
  command->add_option("--days", *days, "How far to look back")
      ->check(CLI::Range(1, 30))
      ->capture_default_str();
  command->callback([days, &line] {
    line.run = [days, &line] {
      return with_socket(line,
                         [&](const QueueRequest& server) { return tls_suggest(server, *days); });
    };
  });
}

void add_reports(CLI::App& tls, CommandLine& line) {
  auto* command = tls.add_subcommand("reports", "What others report about TLS with us (RFC 8460)")
                      ->footer(
                          "  outrider tls reports --failing\n"
                          "  outrider tls reports --domain example.org -n 5\n"
                          "Reports come by the route \"tls-reports\": docs/tls-reports.md.");
  add_socket(*command, line);
  const auto request = std::make_shared<ReportsRequest>();
  command->add_option("--domain", request->domain, "Only about this domain");
  command->add_flag("--failing", request->failing, "Only those that tell of failures");
  command->add_option("-n,--limit", request->most, "At most so many, the newest first")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->callback([request, &line] {
    line.run = [request, &line] {
      return with_socket(line, [&](const QueueRequest& server) {
        request->server = server;
        return tls_reports(*request);
      });
    };
  });
}

}  // namespace

void add_tls(CLI::App& app, CommandLine& line) {
  auto* tls = app.add_subcommand("tls", "Look at TLS, here and at others");
  tls->require_subcommand(1)->footer(
      "  outrider tls explain ada@example.org         which TLS mail would have now, and why\n"
      "  outrider tls release example.org --keep      what becomes of mail whose TLS is gone\n"
      "  outrider tls reports --failing               what others report about TLS with us\n"
      "  outrider tls suggest                         what could be pinned to a higher level\n"
      "  outrider tls probe mx.example.org            what a server does about TLS, rule by rule");
  add_explain(*tls, line);
  add_release(*tls, line);
  add_suggest(*tls, line);
  add_reports(*tls, line);
  add_probe(*tls, line);
}

}  // namespace outrider::app
