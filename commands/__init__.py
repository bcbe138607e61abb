"""What people can type: one module per capability. It knows no Matrix and no SQL."""
