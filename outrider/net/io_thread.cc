#include "outrider/net/io_thread.h"

#include <pthread.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <exception>
#include <thread>
#include <utility>

namespace outrider::net {

namespace asio = boost::asio;

struct IoThread::Loop {
  explicit Loop(unsigned number) : index(number), io(1), work(io.get_executor()), sweep_timer(io) {
    armed.next_ = armed.previous_ = &armed;
  }

  static void link(Limit& head, Limit& node);
  static void unlink(Limit& node);
  void await_sweep();
  void sweep();
  void run();

  unsigned index;
  // The circle's head outlives the context, whose destructor ends coroutines that hold limits.
  Limit armed;
  bool sweeping = false;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::steady_timer sweep_timer;
  std::thread thread;
};

Limit::~Limit() {
  if (thread_) clear();
}

void Limit::set(IoThread& thread, Steady at, void (*expired)(void*), void* context) {
  if (thread_) clear();
  thread_ = &thread;
  at_ = at;
  expired_ = expired;
  context_ = context;
  IoThread::Loop::link(thread.loop_->armed, *this);
  thread.loop_->await_sweep();
}

void Limit::clear() {
  if (!thread_) return;
  IoThread::Loop::unlink(*this);
  thread_ = nullptr;
}

void IoThread::Loop::link(Limit& head, Limit& node) {
  node.previous_ = head.previous_;
  node.next_ = &head;
  head.previous_->next_ = &node;
  head.previous_ = &node;
}

void IoThread::Loop::unlink(Limit& node) {
  node.previous_->next_ = node.next_;
  node.next_->previous_ = node.previous_;
  node.next_ = node.previous_ = nullptr;
}

// An idle thread has no limits, and then no timer wakes it.
void IoThread::Loop::await_sweep() {
  if (sweeping) return;
  sweeping = true;
  sweep_timer.expires_after(std::chrono::seconds(1));
  sweep_timer.async_wait([this](const boost::system::error_code& error) {
    sweeping = false;
    if (error) return;
    sweep();
    if (armed.next_ != &armed) await_sweep();
  });
}

void IoThread::Loop::sweep() {
  const auto time = steady_now();
  // Those due form a circle of their own first: what they call may set and clear any limit.
  Limit due;
  due.next_ = due.previous_ = &due;
  for (Limit* node = armed.next_; node != &armed;) {
    Limit* next = node->next_;
    if (node->at_ <= time) {
      unlink(*node);
      link(due, *node);
    }
    node = next;
  }
  while (due.next_ != &due) {
    Limit& node = *due.next_;
    node.clear();
    node.expired_(node.context_);
  }
}

void IoThread::Loop::run() {
  const auto name = "io-" + std::to_string(index);
  pthread_setname_np(pthread_self(), name.c_str());
  io.run();
}

IoThread::IoThread(unsigned index) : loop_(std::make_unique<Loop>(index)) {}

IoThread::~IoThread() { stop(); }

unsigned IoThread::index() const { return loop_->index; }

asio::any_io_executor IoThread::executor() { return loop_->io.get_executor(); }

void IoThread::start() {
  // Signals are the main thread's; the ones a fault raises stay where the fault is.
  sigset_t blocked;
  sigset_t before;
  sigfillset(&blocked);
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&blocked, fault);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  loop_->thread = std::thread([loop = loop_.get()] { loop->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void IoThread::stop() {
  loop_->io.stop();
  if (loop_->thread.joinable()) loop_->thread.join();
}

void IoThread::spawn(asio::awaitable<void> task) {
  asio::post(loop_->io, [this, task = std::move(task)]() mutable {
    asio::co_spawn(loop_->io, std::move(task), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  });
}

void IoThread::post(std::function<void()> job) { asio::post(loop_->io, std::move(job)); }

asio::awaitable<void> IoThread::sleep(Duration duration) {
  asio::steady_timer timer(loop_->io, duration);
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

}  // namespace outrider::net
