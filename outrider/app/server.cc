#include "outrider/app/server.h"

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "outrider/app/privileges.h"
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
  auto listener = fd >= 0 ? net::Listener::adopt(fd) : net::Listener::bind(wanted.address, threads);
  if (!listener) listener.error().place = wanted.place + ": " + listener.error().place;
  return listener;
}

}  // namespace

struct Server::Parts {
  Parts(Config given, Log& log) : config(std::move(given)), log(log) {}

  Result<void> bind();
  Result<void> open();
  void run(std::function<void()> on_reload);
  std::vector<net::IoThread*> thread_pointers() const;
  std::string status() const;

  Config config;
  Log& log;
  std::vector<std::unique_ptr<net::Listener>> bound;
  std::unique_ptr<net::Listener> console_socket;
  std::shared_ptr<CurrentRoutes> routes;
  // Threads are destroyed before the queue and the resolver: coroutines on them hold both.
  std::unique_ptr<dns::Resolver> resolver;
  std::unique_ptr<queue::Queue> queue;
  std::vector<std::unique_ptr<net::IoThread>> threads;
  std::unique_ptr<receive::Receiver> receiver;
  std::unique_ptr<deliver::Deliverer> deliverer;
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
  auto socket = console::listen(config.console.socket, config.console.group, count);
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
  return {};
}

void Server::Parts::run(std::function<void()> on_reload) {
  for (unsigned i = 0; i < config.service.threads; ++i)
    threads.push_back(std::make_unique<net::IoThread>(i));
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
                                                   config.tls_client_context, pointers, log);
  console::Actions actions{std::move(on_reload), [this] { return status(); }};
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
      R"("deferred":{},"held":{},"sent":{},"bounced":{},"delivering":{}}})",
      OUTRIDER_VERSION, config.hostname, ::getpid(), received.connections, received.messages,
      counts.messages, counts.deferred, counts.held, delivered.sent, delivered.bounced,
      delivered.running);
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Server>> Server::start(Config config, Log& log,
                                              std::function<void()> on_reload) {
  auto parts = std::make_unique<Parts>(std::move(config), log);
  raise_open_files();
  if (auto bound = parts->bind(); !bound) return std::unexpected(bound.error());
  if (parts->config.service.user) {
    if (auto became = become(*parts->config.service.user); !became)
      return std::unexpected(became.error());
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

void Server::reload(Config config) {
  auto& parts = *parts_;
  const auto& before = parts.config;
  const bool restart = config.queue.path != before.queue.path ||
                       config.listeners.size() != before.listeners.size() ||
                       config.console.socket != before.console.socket ||
                       config.service.threads != before.service.threads;
  if (auto done = parts.receiver->reload(config.receive); !done) {
    parts.log.error("reload").field("status", "refused").field("reason", done.error().text());
    return;
  }
  parts.routes->set(config.routes);
  parts.deliverer->reload(config.routes, config.tls_client_context);
  parts.log.reopen();
  auto line = parts.log.info("reload");
  line.field("status", "done");
  if (restart) line.field("note", "addresses, threads and folders change with a restart");
  parts.config.receive = std::move(config.receive);
  parts.config.routes = std::move(config.routes);
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
  parts.deliverer.reset();
  parts.threads.clear();
  parts.queue.reset();
  parts.resolver.reset();
  parts.log.info("stopped");
}

}  // namespace outrider::app
