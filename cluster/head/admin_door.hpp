#pragma once
// AdminDoor: how the routes of the admin API reach the head, and how each write is logged. The routes of one subject
// are in a file of their own.

#include "cluster/head/admin.hpp"
#include "cluster/head/admin_answer.hpp"
#include "cluster/head/admin_api.hpp"
#include "runtime/actor/ref.hpp"
#include "runtime/http/routes.hpp"

namespace troupe::cluster {

/// What is written, for the logs.
struct AdminWrite {
  std::string action;
  std::string subject;
  std::string from;
};

/// Thread-safe; never blocks.
class AdminDoor {
 public:
  /// `admin_key` is named by its fingerprint alone.
  AdminDoor(actor::Ref head, const std::string& admin_key, observe::Logger log);

  /// Answers with the view, or with what `select` takes out of it.
  void read(View view, Select select, const ResponderRef& responder) const;
  /// Answers with what the head says; changes nothing, so it is not logged.
  void ask(decltype(AdminCall::what) what, const ResponderRef& responder) const;
  /// As ask(), of bytes.
  void send_bytes(decltype(AdminCall::what) what, const ResponderRef& responder) const;
  /// As ask(), of a page that runs nothing and loads nothing.
  void send_page(decltype(AdminCall::what) what, const ResponderRef& responder) const;
  /// Asks the head for it; answers with `status` and what the head says.
  void write(decltype(AdminCall::what) what, AdminWrite about, int status, const ResponderRef& responder) const;
  /// One that is malformed, or may not be, is an admin act too. Of a flood the head is told how many they were.
  void refuse_write(const AdminWrite& about, const Error& error, const ResponderRef& responder) const;

 private:
  class Refusals;

  void call(decltype(AdminCall::what) what, AuditAct by, std::function<void(Result<std::string>)> finish) const;
  AuditAct act_of(const AdminWrite& about) const { return {who_, about.from, about.action, about.subject}; }

  const actor::Ref head_;
  const std::string who_;  ///< Who has the admin key.
  const std::shared_ptr<Refusals> refusals_;
  const observe::Logger log_;
};

// `door` must outlive the routes.
void add_view_route(http::Routes& routes, const AdminDoor& door, const char* path, View view);
void add_view_routes(http::Routes& routes, const AdminDoor& door);
void add_deployment_routes(http::Routes& routes, const AdminDoor& door);
void add_model_routes(http::Routes& routes, const AdminDoor& door);
void add_model_file_routes(http::Routes& routes, const AdminDoor& door);
void add_experiment_routes(http::Routes& routes, const AdminDoor& door);
void add_backup_routes(http::Routes& routes, const AdminDoor& door);
void add_key_routes(http::Routes& routes, const AdminDoor& door);
void add_trust_routes(http::Routes& routes, const AdminDoor& door);
void add_log_routes(http::Routes& routes, const AdminDoor& door);
void add_audit_routes(http::Routes& routes, const AdminDoor& door);

}  // namespace troupe::cluster
