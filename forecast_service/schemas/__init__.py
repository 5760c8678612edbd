"""What goes in and comes out, as marshmallow schemas: one file per resource."""
