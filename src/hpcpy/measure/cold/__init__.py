"""What a start takes after its image was mounted anew, as each ``apptainer exec`` does it."""
