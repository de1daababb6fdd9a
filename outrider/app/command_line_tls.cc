#include "outrider/app/command_line_tls.h"

#include <memory>
#include <string>

#include "outrider/app/tls_probe.h"

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

}  // namespace

void add_tls(CLI::App& app, std::function<int()>& run) {
  auto* tls = app.add_subcommand("tls", "Look at TLS, here and at others");
  tls->require_subcommand(1)->footer(
      "  outrider tls probe mx.example.org             what a server does about TLS, rule by rule");
  auto* command =
      tls->add_subcommand("probe", "Ask a server what it does about TLS, rule by rule")
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
  command->callback([line, &run] {
    if (!line->list && line->options.server.empty()) throw CLI::RequiredError("HOST[:PORT]");
    run = [line] {
      auto& options = line->options;
      options.draft = line->form == "draft-hoffman";
      options.timeout = std::chrono::seconds(line->timeout);
      return line->list ? list_probe_rules(options.json) : tls_probe(options);
    };
  });
}

}  // namespace outrider::app
