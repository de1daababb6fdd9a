// `outrider queue …`, `status` and `reload`: what is asked of the running server, and how its
// answer is shown.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace outrider::app {

struct QueueRequest {
  std::string socket;
  bool json = false;
  std::vector<std::string> ids;
  std::string sender, recipient, destination;
  bool held_only = false;
  bool for_tls = false;     ///< only what waits for security alone
  bool all = false;         ///< for an action: every message
  std::string after;        ///< list: the page behind this id
  std::size_t limit = 100;  ///< list
  bool content = false;     ///< show: all of the content
};

int queue_list(const QueueRequest& request);
int queue_show(const QueueRequest& request);
int queue_act(const QueueRequest& request, const std::string& action);
int server_status(const QueueRequest& request);
int server_reload(const QueueRequest& request);

}  // namespace outrider::app
