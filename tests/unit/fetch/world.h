// A client and an HTTPS server on loopback that is mta-sts.example.com.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outrider/fetch/client.h"
#include "support/https_server.h"
#include "support/loops.h"
#include "support/test_ca.h"

namespace outrider::fetch {

using namespace std::chrono_literals;
using test::http_response;
using test::HttpsServer;
using Talk = test::HttpsServer::Talk;

inline const char* host = "mta-sts.example.com";
inline const IpAddress loopback = *IpAddress::parse("127.0.0.1");

inline test::TestCa& authority() {
  static test::TestCa ca;
  return ca;
}

inline HttpsServer::Script says(std::string bytes) {
  return [bytes = std::move(bytes)](Talk& talk) { talk.send(bytes); };
}

struct World {
  explicit World(HttpsServer::Script script, test::CertificateWish wish = {.names = {host}},
                 HttpsServer::Options of_server = {})
      : server(authority().issue(wish), std::move(script), std::move(of_server)) {
    reopen({});
  }

  void reopen(Options options) {
    if (options.ca_file.empty()) options.ca_file = authority().authority_file();
    options.special_addresses = true;
    options.port = server.port();
    client = *Client::open(std::move(options));
  }

  static Request request(std::string path = "/.well-known/mta-sts.txt") {
    Request request;
    request.url = std::string("https://") + host + path;
    request.addresses = {loopback};
    request.wanted_type = "text/plain";
    request.limit = 10s;
    return request;
  }

  Answer get() { return get(request()); }
  Answer get(Request request) { return loops.run(client->get(std::move(request))); }

  HttpsServer server;
  test::Loops loops;
  std::unique_ptr<Client> client;
};

}  // namespace outrider::fetch
