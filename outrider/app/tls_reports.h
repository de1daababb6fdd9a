// `outrider tls reports`: what others report about TLS with us.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "outrider/app/queue_command.h"

namespace outrider::app {

struct ReportsRequest {
  QueueRequest server;
  std::string domain;
  bool failing = false;
  std::int64_t most = 20;
};
int tls_reports(const ReportsRequest& request);

/// The server's answer for people.
std::string reports_text(const boost::json::object& answer);

}  // namespace outrider::app
