! The scalar definition in Fortran 2008. Compiled with -ffp-contract=off.
! The procedure has no I/O and no allocation, so that the module needs no
! libgfortran. The !f2py lines derive both sizes, and release the GIL.

subroutine fill(xs, ys, maxiter, output, width, height)
  implicit none
  integer, parameter :: dp = kind(1.0d0)
  integer, intent(in) :: width, height, maxiter
  real(dp), intent(in) :: xs(width), ys(height)
  integer, intent(inout) :: output(width, height)
  !f2py integer, intent(hide), depend(xs) :: width = len(xs)
  !f2py integer, intent(hide), depend(ys) :: height = len(ys)
  !f2py threadsafe
  real(dp) :: zr, zi, zr2, zi2
  integer :: column, row, n

  do row = 1, height
    do column = 1, width
      zr = xs(column)
      zi = ys(row)
      output(column, row) = maxiter - 1
      do n = 0, maxiter - 1
        zr2 = zr * zr
        zi2 = zi * zi
        if (zr2 + zi2 > 4.0_dp) then
          output(column, row) = n
          exit
        end if
        zi = 2.0_dp * zr * zi + ys(row)
        zr = zr2 - zi2 + xs(column)
      end do
    end do
  end do
end subroutine fill
