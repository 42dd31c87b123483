"""Contracts on imports that name no subject: they hold for those that are still to come."""
