-- A topic that is made anew begins at offset 0 again: the places of the old one are no repeats then.
grant delete on delivery.applied_plain to delivery_service;
