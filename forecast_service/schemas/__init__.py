"""What goes in and comes out, as marshmallow schemas, one file a resource: form only, no look-up."""
