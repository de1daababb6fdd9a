#include "outrider/app/server.h"

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "outrider/app/privileges.h"
#include "outrider/app/renewal.h"
#include "outrider/app/tls_desk.h"
#include "outrider/console/server.h"
#include "outrider/deliver/deliverer.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/service.h"
#include "outrider/receive/receiver.h"

namespace outrider::app {
namespace {

// Routes may change while the queue asks for keys from any thread.
class CurrentRoutes {
 public:
  explicit CurrentRoutes(std::shared_ptr<const deliver::Routes> routes)
      : routes_(std::move(routes)) {}
  std::string key_for(const Address& address) const { return routes_.load()->key_for(address); }
  void set(std::shared_ptr<const deliver::Routes> routes) { routes_.store(std::move(routes)); }

 private:
  std::atomic<std::shared_ptr<const deliver::Routes>> routes_;
};

// The socket that systemd bound for this listener: by its name, else by its address.
int inherited_for(std::vector<net::InheritedSocket>& inherited, const ListenerConfig& wanted) {
  for (auto at = inherited.begin(); at != inherited.end(); ++at) {
    bool same = at->name == wanted.name;
    if (!same) {
      if (auto probe = net::Listener::adopt(::dup(at->fd)))
        same = (*probe)->address() == wanted.address;
    }
    if (!same) continue;
    const int fd = at->fd;
    inherited.erase(at);
    return fd;
  }
  return -1;
}

Result<std::unique_ptr<net::Listener>> open_listener(std::vector<net::InheritedSocket>& inherited,
                                                     const ListenerConfig& wanted,
                                                     std::size_t threads) {
  const int fd = inherited_for(inherited, wanted);
  auto listener = fd >= 0 ? net::Listener::adopt(fd)
                          : net::Listener::bind(wanted.address, threads, wanted.options);
  if (!listener) {
    listener.error().place = wanted.place + ": " + listener.error().place;
    return listener;
  }
  const auto* path = std::get_if<std::string>(&wanted.address.where);
  if (fd < 0 && path && wanted.group &&
      ::lchown(path->c_str(), static_cast<uid_t>(-1), *wanted.group) != 0) {
    return fail_errno("cannot give the socket to its group", errno, wanted.place);
  }
  return listener;
}

// What changed and waits for the next start: names of tables, and `listener` for addresses.
std::string needs_restart(const Config& before, const Config& after) {
  std::vector<std::string_view> names;
  for (const auto& [name, values] : after.at_start) {
    if (!values.same_as(before.at_start.at(name)))
      names.push_back(name.empty() ? std::string_view("hostname") : name);
  }
  const auto same = [](const ListenerConfig& a, const ListenerConfig& b) {
    return a.name == b.name && a.address == b.address;
  };
  if (!std::ranges::equal(before.listeners, after.listeners, same)) names.push_back("listener");
  return fmt::format("{}", fmt::join(names, ","));
}

}  // namespace

struct Server::Parts {
  Parts(Config given, Log& log) : config(std::move(given)), log(log) {}

  Result<void> bind();
  Result<void> open();
  void run(console::OnReload on_reload);
  std::vector<net::IoThread*> thread_pointers() const;
  std::string status() const;
  void take_running(Config next);

  Config config;  // as at the start, but for what take_running() takes
  Log& log;
  std::vector<std::unique_ptr<net::Listener>> bound;
  std::unique_ptr<net::Listener> console_socket;
  std::shared_ptr<CurrentRoutes> routes;
  // Threads are destroyed before the queue and the resolver: coroutines on them hold both.
  std::unique_ptr<dns::Resolver> resolver;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<TrustParts> trust;
  std::vector<std::unique_ptr<net::IoThread>> threads;
  std::unique_ptr<receive::Receiver> receiver;
  std::unique_ptr<deliver::Deliverer> deliverer;
  std::optional<TlsDesk> desk;
  std::unique_ptr<console::Server> console;
};

std::vector<net::IoThread*> Server::Parts::thread_pointers() const {
  std::vector<net::IoThread*> pointers;
  for (const auto& thread : threads) pointers.push_back(thread.get());
  return pointers;
}

Result<void> Server::Parts::bind() {
  auto inherited = net::take_inherited_sockets();
  if (!inherited) return std::unexpected(inherited.error());
  const std::size_t count = config.service.threads;
  for (const ListenerConfig& wanted : config.listeners) {
    auto listener = open_listener(*inherited, wanted, count);
    if (!listener) return std::unexpected(listener.error());
    bound.push_back(std::move(*listener));
  }
  for (const auto& unused : *inherited) {
    log.warning("socket_unused").field("name", unused.name);
    ::close(unused.fd);
  }
  const auto& user = config.service.user;
  if (auto made = make_folder_of(config.console.socket, user); !made) return made;
  auto socket =
      console::listen(config.console.socket, user ? std::optional(user->uid) : std::nullopt,
                      config.console.group ? config.console.group
                      : user               ? std::optional(user->gid)
                                           : std::nullopt,
                      count);
  if (!socket) return std::unexpected(socket.error());
  console_socket = std::move(*socket);
  return {};
}

Result<void> Server::Parts::open() {
  routes = std::make_shared<CurrentRoutes>(config.routes);
  auto options = config.queue;
  options.shards = config.service.threads;
  options.destination_of = [routes = routes](const Address& address) {
    return routes->key_for(address);
  };
  auto opened = queue::Queue::open(std::move(options), log);
  if (!opened) return std::unexpected(opened.error());
  queue = std::move(*opened);
  auto resolving = dns::Resolver::open(config.dns);
  if (!resolving) return std::unexpected(resolving.error());
  resolver = std::move(*resolving);
  auto trusting = TrustParts::open(config.trust, *resolver, *queue, log);
  if (!trusting) return std::unexpected(trusting.error());
  trust = std::move(*trusting);
  trust->set_own_names(own_names(config));
  for (unsigned i = 0; i < config.service.threads; ++i)
    threads.push_back(std::make_unique<net::IoThread>(i));
  return trust->start(threads.front()->executor());
}

void Server::Parts::run(console::OnReload on_reload) {
  const auto pointers = thread_pointers();
  receiver =
      std::make_unique<receive::Receiver>(config.receive, *queue, resolver.get(), pointers, log);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    if (auto added = receiver->add_listener(config.listeners[i].name, std::move(bound[i]));
        !added) {
      log.error("listener").field("reason", added.error().text());
    }
  }
  deliverer = std::make_unique<deliver::Deliverer>(config.deliver, config.routes, *queue, *resolver,
                                                   config.tls_client_contexts, pointers, log,
                                                   trust->services());
  receiver->set_forecast(
      [this](Address recipient) { return deliverer->forecast(std::move(recipient)); });
  desk.emplace(TlsDesk{*deliverer, trust->ledger(), trust->inbox(), *queue, config.deliver.tls});
  console::Actions actions{std::move(on_reload), [this] { return status(); },
                           [this](std::string request, std::string who) {
                             return desk->answer(std::move(request), std::move(who));
                           }};
  console =
      std::make_unique<console::Server>(std::move(console_socket), *queue, std::move(actions), log);
  for (auto& thread : threads) thread->start();
  deliverer->start();
  receiver->start();
  console->start(pointers);
}

std::string Server::Parts::status() const {
  const auto counts = queue->counts();
  const auto received = receiver->counts();
  const auto delivered = deliverer->counts();
  return fmt::format(
      R"({{"version":"{}","hostname":"{}","pid":{},"connections":{},"received":{},"messages":{},)"
      R"("deferred":{},"held":{},"sent":{},"bounced":{},"delivering":{},"tls_resumed":{},)"
      R"("tls_alarms":{}}})",
      OUTRIDER_VERSION, config.hostname, ::getpid(), received.connections, received.messages,
      counts.messages, counts.deferred, counts.held, delivered.sent, delivered.bounced,
      delivered.running, delivered.resumed, delivered.tls_alarms);
}

// What a reload has put in use; the rest is compared with at the next one.
void Server::Parts::take_running(Config next) {
  config.receive = std::move(next.receive);
  config.routes = std::move(next.routes);
  config.tls_files = std::move(next.tls_files);
  config.tls_client = std::move(next.tls_client);
  config.tls_client_sets = std::move(next.tls_client_sets);
  config.tls_client_contexts = std::move(next.tls_client_contexts);
  config.faults = std::move(next.faults);
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::start(Config config, Log& log,
                                              console::OnReload on_reload) {
  auto parts = std::make_unique<Parts>(std::move(config), log);
  raise_open_files();
  renounce_new_privileges();
  if (auto bound = parts->bind(); !bound) return std::unexpected(bound.error());
  if (const auto& user = parts->config.service.user) {
    // The log is open already; a later reopen() is the user's.
    const auto& path = parts->config.log.path;
    if (!path.empty() && ::geteuid() == 0) {
      if (::lchown(path.c_str(), user->uid, user->gid) != 0)
        return fail_errno("cannot give the log to the user " + user->name, errno, path);
    }
    if (auto became = become(*user); !became) return std::unexpected(became.error());
  }
  if (auto opened = parts->open(); !opened) return std::unexpected(opened.error());
  parts->run(std::move(on_reload));
  log.info("started")
      .field("version", OUTRIDER_VERSION)
      .field("hostname", parts->config.hostname)
      .field("threads", parts->config.service.threads)
      .field("messages", parts->queue->counts().messages);
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() { stop(); }

Result<void> Server::reload(Config config) {
  auto& parts = *parts_;
  if (auto done = parts.receiver->reload(config.receive); !done) return done;
  parts.routes->set(config.routes);
  parts.deliverer->reload(config.routes, config.tls_client_contexts);
  parts.trust->set_own_names(own_names(config));
  parts.log.reopen();
  const auto waiting = needs_restart(parts.config, config);
  auto line = parts.log.info("reload");
  line.field("status", "done");
  if (!waiting.empty()) line.field("at_restart", waiting);
  parts.take_running(std::move(config));
  return {};
}

const Config& Server::config() const { return parts_->config; }

Result<void> Server::renew_certificates() {
  auto& parts = *parts_;
  auto renewed = renew_contexts(parts.config);
  if (!renewed) return std::unexpected(renewed.error());
  auto receive = parts.config.receive;
  for (std::size_t i = 0; i < renewed->servers.size(); ++i)
    receive.listeners[i].tls_context = std::move(renewed->servers[i]);
  if (auto done = parts.receiver->reload(receive); !done) return done;
  parts.config.receive = std::move(receive);
  if (renewed->client.usual().context) {
    parts.config.tls_client_contexts = std::move(renewed->client);
    parts.deliverer->reload(parts.config.routes, parts.config.tls_client_contexts);
  }
  return {};
}

void Server::stop() {
  auto& parts = *parts_;
  if (!parts.receiver) return;
  const auto end = steady_now() + parts.config.service.drain;
  const auto left = [&] {
    return std::max(Duration(0), std::chrono::duration_cast<Duration>(end - steady_now()));
  };
  parts.console->stop();
  parts.receiver->stop(left());
  parts.deliverer->stop(std::max(left(), Duration(1000)));
  parts.queue->stop();
  parts.console.reset();
  parts.receiver.reset();
  for (auto& thread : parts.threads) thread->stop();
  parts.resolver->close();  // while there is a loop that answers can be brought to
  parts.trust->stop();
  parts.desk.reset();
  parts.deliverer.reset();
  parts.threads.clear();
  parts.trust.reset();
  parts.queue.reset();
  parts.resolver.reset();
  parts.log.info("stopped");
}

}  // namespace outrider::app
