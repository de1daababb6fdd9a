#include "outrider/app/renewal.h"

#include <algorithm>
#include <utility>

#include "outrider/base/clock.h"

namespace outrider::app {
namespace {

bool has_expired(const std::shared_ptr<const tls::ServerContext>& context) {
  return context && context->expires() <= now();
}

Result<std::shared_ptr<const tls::ServerContext>> renew(
    const tls::ServerOptions& options, const std::shared_ptr<const tls::ServerContext>& running) {
  if (!running) return running;
  auto context = tls::ServerContext::load(options);
  if (context && has_expired(*context) && !has_expired(running)) {
    return fail(Blame::Operator, "has expired", "TLS certificate",
                options.keys.front().certificate_file);
  }
  return context;
}

}  // namespace

Result<RenewedContexts> renew_contexts(const Config& config) {
  RenewedContexts renewed;
  const auto& listeners = config.receive.listeners;
  const auto& made_of = config.tls_files.servers;
  for (std::size_t i = 0; i < listeners.size() && i < made_of.size(); ++i) {
    auto context = renew(made_of[i], listeners[i].tls_context);
    if (!context) return std::unexpected(context.error());
    renewed.servers.push_back(std::move(*context));
  }
  const auto& client = config.tls_client;
  if (!client.key && client.ca_file.empty()) return renewed;
  auto contexts = deliver::TlsContexts::load(client, config.tls_client_sets);
  if (!contexts) return std::unexpected(contexts.error());
  renewed.client = std::move(*contexts);
  return renewed;
}

Errors new_faults(const Config& running, const Config& next) {
  Errors added;
  for (const auto& fault : next.faults) {
    const bool known = std::ranges::any_of(
        running.faults, [&](const Error& other) { return other.input == fault.input; });
    if (!known) added.push_back(fault);
  }
  return added;
}

}  // namespace outrider::app
